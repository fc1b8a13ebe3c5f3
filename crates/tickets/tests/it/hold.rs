//! Reservations and releases, one by one.

use std::time::Duration;

use common::{
    event::{CancelledTicket, Id, OrderCancelled, OrderCreated, OrderStatus, OrderedTicket, TicketUpdated},
    traceparent::Traceparent,
};
use messaging::{BatchError, Delivery, Handler, Outcome};
use tickets::{
    handlers::{OnOrderCancelled, OnOrderCreated},
    janitor::{BATCH, Janitor, KEPT},
    ticket::{Release, Reservation},
};

use crate::world::{World, id, order};

#[tokio::test]
async fn a_reservation_and_a_release_are_each_told_once_with_the_full_state_and_the_orders_trace() {
    let world = World::new().await;
    let ticket = world.ticket().await;
    let a = order("a", &ticket.id);
    for answer in [Reservation::Reserves, Reservation::Repeated] {
        assert_eq!(world.store.reserve(std::slice::from_ref(&a)).await.unwrap(), [answer]);
    }
    assert_eq!(world.find(&ticket.id).await.order_id, Some(id("a")));
    for answer in [Release::Frees, Release::NotHeld] {
        assert_eq!(world.store.release(std::slice::from_ref(&a)).await.unwrap(), [answer]);
    }
    let told = world.updates().await;
    let update = |version, order_id| TicketUpdated {
        id: ticket.id.clone(),
        version,
        title: ticket.title.clone(),
        price: ticket.price,
        user_id: ticket.user_id.clone(),
        order_id,
    };
    assert_eq!(told, [update(1, Some(id("a"))), update(2, None)]);
    let trace = a.traceparent.unwrap().to_string();
    for row in world.published("ticket:updated").await {
        assert_eq!(row.traceparent.as_ref(), Some(&trace));
    }
}

#[tokio::test]
async fn a_cancellation_that_comes_before_its_order_leaves_the_ticket_free() {
    let world = World::new().await;
    let ticket = world.ticket().await.id;
    let a = [order("a", &ticket)];
    assert_eq!(world.store.release(&a).await.unwrap(), [Release::NotHeld]);
    assert_eq!(world.store.reserve(&a).await.unwrap(), [Reservation::OrderIsCancelled]);
    assert_eq!(world.find(&ticket).await.version, 0);
    assert_eq!(world.updates().await, []);
}

#[tokio::test]
async fn an_order_that_is_told_again_after_its_cancellation_reserves_nothing() {
    let world = World::new().await;
    let ticket = world.ticket().await.id;
    let a = [order("a", &ticket)];
    world.store.reserve(&a).await.unwrap();
    assert_eq!(world.store.release(&a).await.unwrap(), [Release::Frees]);
    assert_eq!(world.store.reserve(&a).await.unwrap(), [Reservation::OrderIsCancelled]);
    assert_eq!(world.find(&ticket).await.order_id, None);
}

#[tokio::test]
async fn a_held_ticket_waits_for_its_holders_cancellation() {
    let world = World::new().await;
    let ticket = world.ticket().await.id;
    let (a, b) = ([order("a", &ticket)], [order("b", &ticket)]);
    world.store.reserve(&a).await.unwrap();
    assert_eq!(world.store.reserve(&b).await.unwrap(), [Reservation::HeldBy(id("a"))]);
    assert_eq!(world.store.release(&b).await.unwrap(), [Release::NotHeld]);
    assert_eq!(world.find(&ticket).await.order_id, Some(id("a")));
    world.store.release(&a).await.unwrap();
    let c = [order("c", &ticket)];
    assert_eq!(world.store.reserve(&c).await.unwrap(), [Reservation::Reserves]);
}

#[tokio::test]
async fn one_batch_may_hold_duplicates_rivals_and_unknown_tickets() {
    let world = World::new().await;
    let (one, two) = (world.ticket().await.id, world.ticket().await.id);
    let batch =
        [order("a", &one), order("b", &one), order("a", &one), order("c", &two), order("d", &id("nothing"))];
    assert_eq!(
        world.store.reserve(&batch).await.unwrap(),
        [
            Reservation::Reserves,
            Reservation::HeldBy(id("a")),
            Reservation::Repeated,
            Reservation::Reserves,
            Reservation::UnknownTicket,
        ]
    );
    assert_eq!(
        world.store.release(&batch).await.unwrap(),
        [Release::Frees, Release::NotHeld, Release::NotHeld, Release::Frees, Release::NotHeld]
    );
    assert_eq!(world.updates().await.len(), 4);
    assert_eq!(world.store.reserve(&[]).await.unwrap(), []);
    assert_eq!(world.store.release(&[]).await.unwrap(), []);
}

fn delivery<E>(event: E) -> Delivery<E> {
    Delivery {
        event,
        traceparent: Some(Traceparent::generate()),
        sequence: 1,
        delivered: 1,
        stored_at_ms: 0,
        claim: None,
    }
}

fn created(order: &str, ticket: &Id) -> Delivery<OrderCreated> {
    delivery(OrderCreated {
        id: id(order),
        version: 0,
        status: OrderStatus::Created,
        user_id: id("buyer"),
        expires_at: "2026-01-31T12:00:00.000Z".parse().unwrap(),
        ticket: OrderedTicket { id: ticket.clone(), price: "20".parse().unwrap() },
    })
}

fn cancelled(order: &str, ticket: &Id) -> Delivery<OrderCancelled> {
    delivery(OrderCancelled { id: id(order), version: 1, ticket: CancelledTicket { id: ticket.clone() } })
}

#[tokio::test]
async fn a_held_ticket_is_retried_by_default_and_an_unknown_one_five_times() {
    let world = World::new().await;
    let ticket = world.ticket().await.id;
    let handler = OnOrderCreated(world.store.clone());
    let batch = [created("a", &ticket), created("b", &ticket), created("c", &id("nothing"))];
    let outcomes = handler.handle(&batch).await.unwrap();
    let [
        Outcome::Done,
        Outcome::Retry { reason: held, limit: None },
        Outcome::Retry { reason: unknown, limit: Some(5) },
    ] = &outcomes[..]
    else {
        panic!("{outcomes:?}")
    };
    assert!(held.contains("held by order a"), "{held}");
    assert!(unknown.contains("ticket nothing"), "{unknown}");

    let freed = OnOrderCancelled(world.store.clone());
    let batch = [cancelled("a", &ticket), cancelled("x", &id("nothing"))];
    assert_eq!(freed.handle(&batch).await.unwrap(), [Outcome::Done, Outcome::Done]);
    let again = handler.handle(&[created("b", &ticket), created("x", &id("nothing"))]).await.unwrap();
    assert_eq!(again, [Outcome::Done, Outcome::Done]);
}

#[tokio::test]
async fn a_handler_whose_postgres_is_away_says_so() {
    let postgres = testkit::Postgres::start().await.unwrap();
    let world = World::on(&postgres).await;
    let ticket = world.ticket().await.id;
    postgres.kill().await.unwrap();
    let batch = [created("a", &ticket)];
    let handler = OnOrderCreated(world.store.clone());
    let error = handler.handle(&batch).await.unwrap_err();
    assert!(matches!(error, BatchError::Unavailable(_)), "{error:?}");
    let error = OnOrderCancelled(world.store.clone()).handle(&[cancelled("a", &ticket)]).await.unwrap_err();
    assert!(matches!(error, BatchError::Unavailable(_)), "{error:?}");
    postgres.restart().await.unwrap();
    assert_eq!(handler.handle(&batch).await.unwrap(), [Outcome::Done]);
}

#[tokio::test]
async fn a_tombstone_is_kept_longer_than_any_event_and_then_removed() {
    let world = World::new().await;
    sqlx::query(
        "insert into cancelled_orders
         select 'o-' || n, now() - $2 * interval '1 ms' from generate_series(1, $1) n",
    )
    .bind(BATCH + 7)
    .bind(KEPT.as_millis() as i64 + 60_000)
    .execute(&world.pool)
    .await
    .unwrap();
    world.store.release(&[order("young", &id("t"))]).await.unwrap();
    sqlx::query("insert into cancelled_orders values ('almost', now() - $1 * interval '1 ms')")
        .bind((KEPT - Duration::from_secs(60)).as_millis() as i64)
        .execute(&world.pool)
        .await
        .unwrap();
    let janitor = Janitor::new(world.store.clone());
    assert_eq!(janitor.run_once().await.unwrap(), BATCH as u64 + 7);
    assert_eq!(janitor.run_once().await.unwrap(), 0);
    let left: Vec<String> = sqlx::query_scalar("select order_id from cancelled_orders order by order_id")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    assert_eq!(left, ["almost", "young"]);
}
