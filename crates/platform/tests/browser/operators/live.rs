//! Figures that change while one looks at them, and the switch that stops them.

use std::time::Duration;

use super::scene::Scene;
use crate::world::LONG;

/// Nothing that is shown, and this long: what does not come within it does not come.
const WHILE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn figures_follow_what_happens_without_a_reload_until_they_are_told_to_stop() {
    let scene = Scene::set().await;
    let desk = scene.operator().await;
    let pending = "document.querySelector('[data-v=\"schedule/pending\"]').textContent";
    testkit::eventually("the timer is counted", LONG, async || {
        let text = desk.read(pending).await.unwrap();
        if text == "1" { Ok(()) } else { Err(text.to_string()) }
    })
    .await;
    desk.sees("on").await.unwrap();
    desk.forget();
    let seller = scene.world.signed_in("another").await;
    let ticket = seller.sell("Another seat", "20").await;
    let buyer = scene.world.signed_in("third").await;
    buyer.buy(&ticket).await;
    desk.until(&format!("{pending} === '2'")).await.unwrap();
    let loads = desk.answers().iter().filter(|answer| answer.kind == "Document").count();
    assert_eq!(loads, 0, "the page was not loaded again for it");
    // Stopped, it stays as it is, here and on the next page, until it is switched on again.
    desk.click("#switch").await.unwrap();
    desk.shows("#switch[aria-pressed=false]").await.unwrap();
    let as_of = desk.text("#as-of").await.unwrap();
    let changed = format!("document.querySelector('#as-of').innerText !== {as_of:?}");
    let still = tokio::time::timeout(WHILE, desk.until(&changed));
    assert!(still.await.is_err(), "it was stopped");
    desk.visit("/consumers").await;
    desk.shows("#switch[aria-pressed=false]").await.unwrap();
    let as_of = desk.text("#as-of").await.unwrap();
    desk.click("#switch").await.unwrap();
    desk.until(&format!("document.querySelector('#as-of').innerText !== {as_of:?}")).await.unwrap();
    desk.leaves();
}
