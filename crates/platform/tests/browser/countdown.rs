//! The time to pay.

use std::time::Duration;

use crate::world::World;

/// Enough to look at the page before it is over.
const SHORT: Duration = Duration::from_secs(9);

#[tokio::test(flavor = "multi_thread")]
async fn the_countdown_reaches_zero_and_the_page_says_what_happened() {
    let world = World::start(SHORT).await;
    let ticket = world.signed_in("seller").await.sell("A seat", "20").await;
    let ada = world.signed_in("ada").await;
    ada.buy(&ticket).await;
    let before = ada.text("[role=timer]").await.unwrap();
    let seconds: u64 = before.strip_prefix("0:0").unwrap_or(&before).parse().unwrap();
    assert!((1..=SHORT.as_secs()).contains(&seconds), "{before}");
    ada.until(&format!("document.querySelector('[role=timer]')?.textContent !== '{before}'")).await.unwrap();
    ada.order_becomes("cancelled").await;
    ada.sees("was not paid in time").await.unwrap();
    ada.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_javascript_the_page_says_until_when_and_a_reload_says_what_happened() {
    let world = World::start(SHORT).await;
    let ticket = world.signed_in("seller").await.sell("A seat", "20").await;
    let ada = world.customer_without_javascript().await;
    ada.sign_up("ada").await;
    ada.buy(&ticket).await;
    ada.sees("UTC").await.unwrap();
    ada.shows("#fresh a").await.unwrap();
    ada.order_becomes("cancelled").await;
    ada.sees("was not paid in time").await.unwrap();
    ada.leaves();
}
