//! The copy of the orders: their events come late, twice and in any order.

use common::event::{Id, Timestamp};
use payments::{
    payment::{Decision, Status},
    store::{Begun, CancelledOrder, CompletedOrder, CreatedOrder, ExtendedOrder, OrderRefusal},
};

use crate::world::{BUYER, World, id, order, wish};

/// What a buyer who wants to pay finds.
async fn refusal(world: &World, order: &Id) -> Option<OrderRefusal> {
    match world.store.begin(&wish(order, None)).await.unwrap() {
        Begun::Refused(refusal) => Some(refusal),
        _ => None,
    }
}

#[tokio::test]
async fn an_order_is_over_in_whatever_order_its_events_come_and_however_often() {
    let world = World::new().await;
    let created = order("20", 60_000);
    let cancelled = CancelledOrder { id: created.id.clone(), version: 1 };
    world.store.cancel_orders(&[cancelled.clone(), cancelled.clone()]).await.unwrap();
    assert_eq!(refusal(&world, &created.id).await, Some(OrderRefusal::UnknownOrder));
    for _ in 0..2 {
        world.store.add_orders(&[created.clone(), created.clone()]).await.unwrap();
        assert_eq!(refusal(&world, &created.id).await, Some(OrderRefusal::Cancelled));
        world.store.cancel_orders(std::slice::from_ref(&cancelled)).await.unwrap();
    }
}

#[tokio::test]
async fn a_complete_order_is_paid_in_whatever_order_its_events_come_and_however_often() {
    let world = World::new().await;
    let created = order("20", 60_000);
    let completed = CompletedOrder { id: created.id.clone(), version: 1, payment_id: id("elsewhere") };
    for _ in 0..2 {
        let known = world.store.complete_orders(&[completed.clone(), completed.clone()]).await.unwrap();
        assert_eq!(known, [false, false], "a payment of a service before this one");
        world.store.add_orders(std::slice::from_ref(&created)).await.unwrap();
        assert_eq!(refusal(&world, &created.id).await, Some(OrderRefusal::Paid));
    }
}

#[tokio::test]
async fn nothing_is_begun_behind_a_cancellation_and_what_was_begun_before_is_closed() {
    let world = World::new().await;
    let payment = world.open_page().await;
    world.cancel(&payment.order_id).await;
    let closing = world.find(&payment.id).await;
    assert_eq!((closing.status, closing.decision), (Status::Open, Some(Decision::Close)));
    assert_eq!(refusal(&world, &payment.order_id).await, Some(OrderRefusal::Cancelled));
    world.settled(&payment, Status::Closed).await;
    let held = world.authorised().await;
    world.cancel(&held.order_id).await;
    assert_eq!(world.find(&held.id).await.decision, None, "what is held is for orders to reject");
}

#[tokio::test]
async fn a_completion_takes_the_money_of_its_payment_and_closes_every_other_way_to_pay() {
    let world = World::new().await;
    let page = world.open_page().await;
    let completed = CompletedOrder { id: page.order_id.clone(), version: 1, payment_id: id("elsewhere") };
    world.store.complete_orders(&[completed]).await.unwrap();
    world.settled(&page, Status::Closed).await;
    let held = world.authorised().await;
    world.complete(&held).await;
    world.complete(&held).await;
    world.settled(&held, Status::Captured).await;
    world.complete(&held).await;
    assert_eq!(world.settler.run_once().await.unwrap(), 0);
    assert_eq!(world.outcomes(&held).await.len(), 1);
}

#[tokio::test]
async fn a_rejection_is_the_last_word_also_when_it_comes_behind_a_completion() {
    let world = World::new().await;
    let payment = world.authorised().await;
    world.complete(&payment).await;
    world.reject(&payment).await;
    world.complete(&payment).await;
    assert_eq!(world.find(&payment.id).await.decision, Some(Decision::Release));
    world.settled(&payment, Status::Released).await;
    world.reject(&payment).await;
    assert_eq!(world.settler.run_once().await.unwrap(), 0, "it is given back once");
    assert_eq!(world.stripe.captured_minus_refunded("usd"), 0);
}

#[tokio::test]
async fn an_order_is_paid_by_its_buyer_and_nobody_else() {
    let world = World::new().await;
    let order = world.order().await;
    let others = payments::store::Wish { user_id: id("other"), ..wish(&order, None) };
    assert!(matches!(world.store.begin(&others).await.unwrap(), Begun::Refused(OrderRefusal::NotTheBuyers)));
    assert_eq!(
        world.store.payments_of(&order, &id("other")).await.unwrap().unwrap_err(),
        OrderRefusal::NotTheBuyers
    );
    assert_eq!(world.store.payments_of(&order, &id(BUYER)).await.unwrap().unwrap().len(), 0);
}

/// The order with so much more time than it had, in ms.
fn extended(created: &CreatedOrder, more_ms: i64) -> ExtendedOrder {
    let expires_at = Timestamp::from_millis(created.expires_at.as_millis() + more_ms);
    ExtendedOrder { id: created.id.clone(), expires_at }
}

#[tokio::test]
async fn an_order_whose_time_was_over_can_be_paid_again_when_it_gets_more() {
    let world = World::new().await;
    let created = order("20", -1_000);
    world.store.add_orders(std::slice::from_ref(&created)).await.unwrap();
    assert_eq!(refusal(&world, &created.id).await, Some(OrderRefusal::Expired));
    world.store.extend_orders(&[extended(&created, 60_000)]).await.unwrap();
    assert_eq!(refusal(&world, &created.id).await, None);
}

#[tokio::test]
async fn the_latest_time_holds_in_whatever_order_it_is_told_and_however_often() {
    let world = World::new().await;
    let created = order("20", -1_000);
    let expires_at = async || world.store.money_of(&created.id).await.unwrap().expires_at;
    let (short, long) = (extended(&created, 60_000), extended(&created, 120_000));
    // Before the order itself, too: it is not known whose it is, and nothing is lost.
    world.store.extend_orders(&[long.clone(), short.clone(), long.clone()]).await.unwrap();
    assert_eq!(refusal(&world, &created.id).await, Some(OrderRefusal::UnknownOrder));
    for _ in 0..2 {
        world.store.add_orders(std::slice::from_ref(&created)).await.unwrap();
        world.store.extend_orders(std::slice::from_ref(&short)).await.unwrap();
        assert_eq!(expires_at().await, Some(long.expires_at));
    }
    assert_eq!(refusal(&world, &created.id).await, None);
}

#[tokio::test]
async fn an_order_that_is_over_stays_so_whenever_its_extension_comes() {
    let world = World::new().await;
    for extension_is_first in [true, false] {
        let created = order("20", 60_000);
        let extended = [extended(&created, 60_000)];
        if extension_is_first {
            world.store.extend_orders(&extended).await.unwrap();
        }
        world.store.cancel_orders(&[CancelledOrder { id: created.id.clone(), version: 1 }]).await.unwrap();
        world.store.extend_orders(&extended).await.unwrap();
        world.store.add_orders(std::slice::from_ref(&created)).await.unwrap();
        assert_eq!(refusal(&world, &created.id).await, Some(OrderRefusal::Cancelled));
    }
}

#[tokio::test]
async fn the_release_before_takes_no_time_away_from_an_order_that_it_hears_of_late() {
    let world = World::new().await;
    let created = order("20", -1_000);
    world.store.extend_orders(&[extended(&created, 60_000)]).await.unwrap();
    // As it wrote it.
    sqlx::query(
        "insert into orders as o (id, version, status, user_id, price, expires_at) values ($1, 0, 'created', $2, 20, $3)
         on conflict (id) do update
         set user_id = excluded.user_id, price = excluded.price, expires_at = excluded.expires_at
         where o.user_id is null",
    )
    .bind(created.id.as_str())
    .bind(BUYER)
    .bind(chrono::DateTime::<chrono::Utc>::from(created.expires_at))
    .execute(&world.pool)
    .await
    .unwrap();
    assert_eq!(refusal(&world, &created.id).await, None);
}
