//! An order that was given more time: for its buyer, and beside the release before.

use std::{collections::BTreeMap, time::Duration};

use common::{
    Service,
    event::{Subject, Timestamp},
    internal::{ExtendAnswer, OrderHistory},
};
use futures_util::future::join_all;
use platform::Platform;
use serde_json::json;
use testkit::{Dice, eventually};

use super::{acts::Console, start};
use crate::{
    live::Page,
    people::{Person, client, id},
    race::{check_money, is_settled},
    upgrade::apply_topology,
    world::{SOON, World, money_is},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_given_more_time_is_paid_after_its_first_time_and_its_page_says_so_at_once() {
    let world = start(Duration::from_secs(4), 0).await;
    let console = Console { client: client(), fleet: &world.platform };
    let ada = Person::sign_up(&world.platform, "ada").await;
    let ticket = ada.sell("Concert, row 7").await;
    let placed = ada.order_soon(&ticket).await;
    let (order, first) = (id(&placed), placed["expiresAt"].as_str().unwrap().parse::<Timestamp>().unwrap());
    let shown = format!("/live/orders/{order}?state=created&payment=&until={}", first.as_millis());
    let mut page = Page::open(Some(&ada), &world.platform, &shown).await;

    let path = format!("/internal/orders/{order}/extend");
    let more = json!({ "byMs": 600_000 });
    let answer = console.post(Service::Orders, &path, &more, &mut Dice::new(0)).await;
    let ExtendAnswer { from, to, .. } = answer.json().await.unwrap();
    assert_eq!((from, to.as_millis()), (first, first.as_millis() + 600_000));
    page.next_text(&format!("{{\"id\":\"{order}\",\"state\":\"extended\"}}")).await;
    // A page that was made before that is told as soon as it listens.
    Page::open(Some(&ada), &world.platform, &shown).await.next_text("\"state\":\"changed\"").await;
    let html = ada.request(reqwest::Method::GET, &format!("/orders/{order}")).send().await.unwrap();
    let html = html.text().await.unwrap();
    let left = html.split_once("data-left=\"").unwrap().1.split_once('"').unwrap().0;
    assert!((500.0..610.0).contains(&left.parse::<f64>().unwrap()), "{left} s are left");

    let path = format!("/internal/orders/{order}");
    eventually("the first time is over", SOON, async || {
        let history: OrderHistory = console.get(Service::Orders, &path).await;
        if history.now > first { Ok(()) } else { Err(format!("{history:?}")) }
    })
    .await;
    ada.pay(&order, Some("tok_visa")).await;
    world.order_is(&ada, &order, "the money is with the seller", money_is("captured")).await;
    assert_eq!(world.messages(Subject::OrderCancelled).await.len(), 0);
    is_settled(&world, SOON).await;
    check_money(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_release_before_expires_no_order_before_the_time_that_this_one_has_given_it() {
    let before = tokio::task::spawn_blocking(platform::release_before).await.unwrap().unwrap();
    let world = World::without_services().await;
    let stores = world.platform.stores();
    let window = Duration::from_secs(3);
    let old = Platform::builder().window(window).programs(before).start_on(&stores).await.unwrap();
    apply_topology(&world).await;
    // The first pod of this release: all the others are still of the one before.
    let none = |builder: platform::PlatformBuilder, name| builder.replicas(name, 0);
    let alone = Service::OURS.into_iter().fold(Platform::builder(), none).replicas(Service::Orders, 1);
    let new = alone.start_on(&stores).await.unwrap();
    let console = Console { client: client(), fleet: &new };
    let ada = Person::sign_up(&old, "ada").await;
    let orders = join_all((0..8).map(async |_| id(&ada.order_soon(&ada.sell("Concert").await).await))).await;
    let mut until = BTreeMap::new();
    for order in &orders {
        let path = format!("/internal/orders/{order}/extend");
        let answer = console.post(Service::Orders, &path, &json!({ "byMs": 4_000 }), &mut Dice::new(0)).await;
        let ExtendAnswer { to, .. } = answer.json().await.unwrap();
        until.insert(order.clone(), to);
    }
    eventually("all orders are over", SOON, async || {
        let cancelled = world.messages(Subject::OrderCancelled).await.len();
        if cancelled == orders.len() { Ok(()) } else { Err(format!("{cancelled} of {}", orders.len())) }
    })
    .await;
    for order in &orders {
        let path = format!("/internal/orders/{order}");
        let history: OrderHistory = console.get(Service::Orders, &path).await;
        assert_eq!((history.expires_at, history.cancel_reason.as_deref()), (until[order], Some("expired")));
        assert!(history.cancelled_at.is_some_and(|at| at >= history.expires_at), "{history:?}");
    }
    assert_eq!(world.dead_letters().await, [""; 0]);
}
