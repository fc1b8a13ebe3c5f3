//! What the handlers answer to the consumer loop.

use std::time::{Duration, Instant};

use common::{
    clock,
    event::{
        ExpirationComplete, Id, PaymentCreated, PaymentSettled, SettledOutcome, TicketCreated, TicketUpdated,
    },
};
use messaging::{BatchError, Delivery, Handler, Outcome};
use orders::{
    handlers::{OnExpirationComplete, OnPaymentCreated, OnPaymentSettled, OnTicketCreated, OnTicketUpdated},
    watermark::{Watermark, Watermarks},
};

use crate::world::{QUARTER, World, id, on_expiration, payment, wish};
use orders::store::Placed;

fn delivery<E>(event: E) -> Delivery<E> {
    Delivery { event, traceparent: None, sequence: 1, delivered: 1, stored_at_ms: 0, claim: None }
}

fn expirations(orders: &[&Id]) -> Vec<Delivery<ExpirationComplete>> {
    orders.iter().map(|order| delivery(ExpirationComplete { order_id: Id::clone(order) })).collect()
}

#[tokio::test]
async fn an_event_that_is_early_by_little_is_waited_for_and_cancels() {
    let world = World::new().await;
    let handler = on_expiration(&world);
    for early in [3, 250] {
        let order = world.order(Duration::from_millis(early)).await;
        let other = world.overdue(Duration::from_secs(1)).await;
        let outcomes = handler.handle(&expirations(&[&order.id, &other.id])).await.unwrap();
        assert_eq!(outcomes, [Outcome::Done, Outcome::Done]);
        let row = world.row(&order.id).await;
        assert_eq!(row.status, "cancelled");
        assert!(row.cancelled_at.unwrap() >= row.expires_at, "{row:?}");
    }
}

#[tokio::test]
async fn an_event_that_is_early_by_much_comes_back_when_the_time_is_over() {
    let world = World::new().await;
    let handler = on_expiration(&world);
    for window in [Duration::from_secs(30), Duration::from_secs(20 * 60)] {
        let order = world.order(window).await;
        let asked = Instant::now();
        let outcomes = handler.handle(&expirations(&[&order.id])).await.unwrap();
        assert!(asked.elapsed() < Duration::from_secs(5), "it waited in process");
        let [Outcome::Postpone(remaining)] = outcomes[..] else { panic!("{outcomes:?}") };
        assert!(remaining <= window && remaining > window - Duration::from_secs(10), "{remaining:?}");
        assert_eq!(world.row(&order.id).await.status, "created");
    }
}

#[tokio::test]
async fn an_event_for_an_order_that_changes_hands_is_asked_again_at_once() {
    let world = World::new().await;
    let order = world.overdue(Duration::from_secs(1)).await;
    let mut paying = world.pool.begin().await.unwrap();
    sqlx::query("update orders set status = 'complete', version = 1, payment_id = 'p' where id = $1")
        .bind(order.id.as_str())
        .execute(&mut *paying)
        .await
        .unwrap();
    let (handler, batch) = (on_expiration(&world), expirations(&[&order.id]));
    let handling = tokio::spawn(async move { handler.handle(&batch).await.unwrap() });
    world.blocked(1).await;
    paying.commit().await.unwrap();
    assert_eq!(handling.await.unwrap(), [Outcome::Done]);
    assert_eq!(world.row(&order.id).await.status, "complete");
}

#[tokio::test]
async fn an_event_for_an_unknown_order_is_retried_five_times_and_holds_up_no_other() {
    let world = World::new().await;
    let order = world.overdue(Duration::from_secs(1)).await;
    let handler = on_expiration(&world);
    let outcomes = handler.handle(&expirations(&[&id("nobody"), &order.id, &order.id])).await.unwrap();
    let [Outcome::Retry { reason, limit: Some(5) }, Outcome::Done, Outcome::Done] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert!(reason.contains("nobody"), "{reason}");
}

#[tokio::test]
async fn money_for_an_order_that_cannot_be_completed_is_done_with_and_is_no_dead_letter() {
    let world = World::new().await;
    let (cancelled, paid) = (world.order(QUARTER).await, world.order(QUARTER).await);
    world.store.cancel(&cancelled.id, &cancelled.user_id).await.unwrap();
    let (late, first, second) = (payment(&cancelled.id), payment(&paid.id), payment(&paid.id));
    let batch = [late, first.clone(), second, first, payment(&id("nobody"))].map(delivery);
    let outcomes = OnPaymentCreated(world.store.clone()).handle(&batch).await.unwrap();
    assert_eq!(outcomes, [const { Outcome::Done }; 5]);
    let kept: i64 = sqlx::query_scalar("select count(*) from rejected_payments where settled_at is null")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(kept, 3);
}

#[tokio::test]
async fn a_payment_that_is_told_again_is_answered_again_with_the_same_words_until_its_money_is_settled() {
    let world = World::new().await;
    let (cancelled, paid) = (world.order(QUARTER).await, world.order(QUARTER).await);
    world.store.cancel(&cancelled.id, &cancelled.user_id).await.unwrap();
    let (late, first) = (payment(&cancelled.id), payment(&paid.id));
    let handler = OnPaymentCreated(world.store.clone());
    let hear = async |delivered: u64| {
        // Each twice in one batch, as after an outage in which it was told more than once.
        let batch = [&late, &first, &first, &late].map(PaymentCreated::clone);
        let batch = batch.map(|event| Delivery { delivered, ..delivery(event) });
        assert_eq!(handler.handle(&batch).await.unwrap(), [const { Outcome::Done }; 4]);
        let told = async |subject| -> Vec<String> {
            world.published(subject).await.into_iter().map(|row| row.payload).collect()
        };
        [told("order:completed").await, told("payment:rejected").await]
    };
    let once = hear(1).await;
    assert_eq!([once[0].len(), once[1].len()], [1, 1], "{once:?}");
    assert_eq!(hear(2).await, once, "an acknowledgement that was lost");
    let twice = once.clone().map(|told| [&told[..], &told[..]].concat());
    assert_eq!(hear(1).await, twice);

    let settled =
        [(&late, SettledOutcome::Released), (&first, SettledOutcome::Captured)].map(|(it, outcome)| {
            let PaymentCreated { id, order_id, stripe_id } = it.clone();
            PaymentSettled { id, order_id, stripe_id, outcome }
        });
    world.store.settle(&[&settled[0], &settled[1]]).await.unwrap();
    assert_eq!(hear(1).await, twice, "nobody waits for it any more");
}

#[tokio::test]
async fn a_payment_whose_charge_cannot_be_stored_is_rejected_alone() {
    let world = World::new().await;
    let order = world.order(QUARTER).await;
    let bad = PaymentCreated { stripe_id: "ch_\0".to_owned(), ..payment(&order.id) };
    let batch = [bad.clone(), payment(&order.id)].map(delivery);
    let outcomes = OnPaymentCreated(world.store.clone()).handle(&batch).await.unwrap();
    let [Outcome::Reject { reason }, Outcome::Done] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(reason.contains(bad.id.as_str()), "{reason}");
    assert_eq!(world.row(&order.id).await.status, "complete");
}

#[tokio::test]
async fn what_became_of_money_that_nobody_knows_of_is_retried_five_times() {
    let world = World::new().await;
    let PaymentCreated { id, order_id, stripe_id } = payment(&id("nobody"));
    let event = PaymentSettled { id, order_id, stripe_id, outcome: SettledOutcome::Released };
    let outcomes = OnPaymentSettled(world.store.clone()).handle(&[delivery(event)]).await.unwrap();
    assert!(matches!(&outcomes[..], [Outcome::Retry { limit: Some(5), .. }]), "{outcomes:?}");
}

#[tokio::test]
async fn an_expiry_waits_for_the_payments_that_came_before_it_and_then_comes_back() {
    let world = World::new().await;
    let order = world.overdue(Duration::from_secs(1)).await;
    for (watermark, outcome, status) in [
        (Watermark::Unknown, Outcome::Postpone(Duration::from_millis(500)), "created"),
        (
            Watermark::At(clock::now() - Duration::from_secs(5)),
            Outcome::Postpone(Duration::from_millis(500)),
            "created",
        ),
        (Watermark::At(clock::now()), Outcome::Done, "cancelled"),
    ] {
        let watermarks = Watermarks::fixed(watermark);
        let handler = OnExpirationComplete { store: world.store.clone(), watermarks };
        let outcomes = handler.handle(&expirations(&[&order.id])).await.unwrap();
        assert_eq!(outcomes, [outcome], "{watermark:?}");
        assert_eq!(world.row(&order.id).await.status, status);
    }
}

fn ticket_created(id: &str, title: &str) -> TicketCreated {
    TicketCreated {
        id: id.parse().unwrap(),
        version: 0,
        title: title.to_owned(),
        price: "20".parse().unwrap(),
        user_id: "u-1".parse().unwrap(),
    }
}

#[tokio::test]
async fn tickets_are_copied_and_a_title_that_cannot_be_stored_is_rejected_alone() {
    let world = World::new().await;
    let batch =
        [ticket_created("t-1", "one"), ticket_created("t-2", "t\0wo"), ticket_created("t-3", "three")];
    let outcomes = OnTicketCreated(world.store.clone()).handle(&batch.map(delivery)).await.unwrap();
    let [Outcome::Done, Outcome::Reject { reason }, Outcome::Done] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert!(reason.contains("t-2"), "{reason}");
    for (ticket, known) in [("t-1", true), ("t-2", false), ("t-3", true)] {
        let placed = world.store.place(&wish(&id(ticket))).await.unwrap();
        assert_eq!(matches!(placed, Placed::Order(_)), known, "{placed:?}");
    }
}

#[tokio::test]
async fn a_ticket_whose_creation_comes_after_its_update_keeps_the_update() {
    let world = World::new().await;
    let created = ticket_created("t-1", "old");
    let updated = TicketUpdated {
        id: created.id.clone(),
        version: 2,
        title: "new".to_owned(),
        price: created.price,
        user_id: created.user_id.clone(),
        order_id: None,
    };
    let outcomes = OnTicketUpdated(world.store.clone()).handle(&[delivery(updated)]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Done]);
    let outcomes = OnTicketCreated(world.store.clone()).handle(&[delivery(created)]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Done]);
    let Placed::Order(order) = world.store.place(&wish(&id("t-1"))).await.unwrap() else {
        panic!("not placed")
    };
    assert_eq!((order.ticket.title.as_str(), order.ticket.version), ("new", 2));
}

#[tokio::test]
async fn a_handler_whose_postgres_is_away_says_so() {
    let postgres = testkit::Postgres::start().await.unwrap();
    let world = World::on(&postgres).await;
    let order = world.overdue(Duration::from_secs(1)).await;
    postgres.kill().await.unwrap();
    let handler = on_expiration(&world);
    let batch = expirations(&[&order.id]);
    let error = handler.handle(&batch).await.unwrap_err();
    assert!(matches!(error, BatchError::Unavailable(_)), "{error:?}");

    postgres.restart().await.unwrap();
    assert_eq!(handler.handle(&batch).await.unwrap(), [Outcome::Done]);
    assert_eq!(world.row(&order.id).await.status, "cancelled");
}
