//! What is told again: how each payment stands whose money was ever held, in the bytes in which it was told.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use common::{
    clock,
    event::Timestamp,
    internal::{RetellAnswer, RetellCount},
};
use payments::{
    payment::Status,
    store::{CancelledOrder, CompletedOrder, ExtendedOrder, Rejection},
};
use reqwest::Method;
use serde_json::json;
use testkit::stored;

use crate::{
    api::Server,
    world::{World, order},
};

const EVER: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Subject and body of everything in the outbox.
async fn outbox(world: &World) -> BTreeSet<(String, String)> {
    stored::whole_outbox(&world.pool).await.unwrap().into_iter().collect()
}

async fn relayed(world: &World) {
    stored::empty_outbox(&world.pool).await.unwrap();
}

async fn told_again(world: &World, since: DateTime<Utc>) -> BTreeSet<(String, String)> {
    relayed(world).await;
    let counted = world.store.outbox().count_retell(since).await.unwrap();
    assert_eq!(world.store.outbox().retell(since).await.unwrap(), counted);
    let told = outbox(world).await;
    assert_eq!(told.len() as u64, counted);
    told
}

#[tokio::test]
async fn money_that_is_ours_is_told_as_it_was_and_money_that_is_not_only_as_settled() {
    let world = World::new().await;
    let (held, captured, released) =
        (world.authorised().await, world.authorised().await, world.authorised().await);
    world.open_page().await;
    world.complete(&captured).await;
    world.settled(&captured, Status::Captured).await;
    world.reject(&released).await;
    world.settled(&released, Status::Released).await;
    let mut told = outbox(&world).await;
    told.retain(|(subject, body)| subject == "payment:settled" || !body.contains(released.id.as_str()));
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(told_again(&world, EVER).await, told);
    assert!(told.iter().any(|(_, body)| body.contains(held.id.as_str())));
}

#[tokio::test]
async fn what_was_changed_before_the_instant_is_not_told() {
    let world = World::new().await;
    let (old, new) = (world.authorised().await, world.authorised().await);
    sqlx::query("update payments set updated_at = now() - interval '1 hour'")
        .execute(&world.pool)
        .await
        .unwrap();
    let since = clock::now() - TimeDelta::minutes(1);
    assert_eq!(told_again(&world, since).await.len(), 0);
    world.complete(&new).await;
    world.settled(&new, Status::Captured).await;
    let again = told_again(&world, since).await;
    assert!(again.iter().all(|(_, body)| body.contains(new.id.as_str()) && !body.contains(old.id.as_str())));
    assert_eq!(again.len(), 2);
}

/// What a listener may change, as text.
async fn state(world: &World) -> Vec<String> {
    sqlx::query_scalar(
        "select t::text from orders t
         union all
         select p::text from (select id, status, decision, reason, updated_at from payments) p order by 1",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn whoever_knows_it_already_does_nothing_in_whatever_order_it_is_told_again() {
    let world = World::new().await;
    let (captured, released) = (world.authorised().await, world.authorised().await);
    let cancelled = order("20", 60_000);
    world.store.add_orders(std::slice::from_ref(&cancelled)).await.unwrap();
    let later = Timestamp::from_millis(cancelled.expires_at.as_millis() + 600_000);
    let extended = ExtendedOrder { id: captured.order_id.clone(), expires_at: later };
    let rejection = Rejection { payment: released.id.clone(), reason: "too late".to_owned() };
    let completed =
        CompletedOrder { id: captured.order_id.clone(), version: 1, payment_id: captured.id.clone() };
    let over = [CancelledOrder { id: cancelled.id.clone(), version: 1 }];
    let apply = async |nth: usize| match nth {
        0 => world.store.extend_orders(std::slice::from_ref(&extended)).await.unwrap(),
        1 => drop(world.store.reject(std::slice::from_ref(&rejection)).await.unwrap()),
        2 => drop(world.store.complete_orders(std::slice::from_ref(&completed)).await.unwrap()),
        3 => drop(world.store.cancel_orders(&over).await.unwrap()),
        _ => world.store.add_orders(std::slice::from_ref(&cancelled)).await.unwrap(),
    };
    for nth in 0..5 {
        apply(nth).await;
    }
    world.settled(&captured, Status::Captured).await;
    world.settled(&released, Status::Released).await;
    relayed(&world).await;
    let before = state(&world).await;
    for begin in 0..5 {
        for nth in 0..5 {
            apply((begin + 2 * nth) % 5).await;
        }
        assert_eq!(state(&world).await, before, "from {begin}");
    }
    world.hurry().await;
    world.settler.run_once().await.unwrap();
    assert_eq!((state(&world).await, outbox(&world).await.len()), (before, 0), "nothing is told");
}

#[tokio::test]
async fn an_operator_has_it_counted_and_told_again() {
    let server = Server::new().await;
    server.world.authorised().await;
    relayed(&server.world).await;
    let since = "2026-01-31T12:00:00.000Z";
    let path = format!("/internal/retell?since={since}");
    let counted: RetellCount = server.console(Method::GET, &path, "").await.json().await.unwrap();
    assert_eq!((counted.events, outbox(&server.world).await.len()), (1, 0));
    let body = json!({ "since": since }).to_string();
    let told: RetellAnswer =
        server.console(Method::POST, "/internal/retell", &body).await.json().await.unwrap();
    assert_eq!((told.events, outbox(&server.world).await.len()), (1, 1));
}
