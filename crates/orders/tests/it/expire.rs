//! The expire statement against each status and each race.

use std::time::Duration;

use common::event::{CancelledTicket, Id, OrderCancelled};
use orders::{
    order::{Cancellation, Expiry, Payment, Rejection},
    watermark::Watermark,
};

use crate::world::{QUARTER, World, id, payment};

const SECOND: Duration = Duration::from_secs(1);

async fn expire_one(world: &World, order: &Id) -> Expiry {
    let answers = world.store.expire(std::slice::from_ref(order), Watermark::Waived).await.unwrap();
    assert_eq!(answers.len(), 1);
    answers[order]
}

#[tokio::test]
async fn an_unpaid_order_is_cancelled_once_its_time_is_over() {
    let world = World::new().await;
    for status in ["created", "awaiting:payment"] {
        let order = world.overdue(SECOND).await;
        world.set_status(&order.id, status).await;
        assert_eq!(expire_one(&world, &order.id).await, Expiry::Cancels);
        let row = world.row(&order.id).await;
        assert_eq!((row.status.as_str(), row.version), ("cancelled", 1));
        assert_eq!(row.cancel_reason.as_deref(), Some("expired"));
        assert!(row.cancelled_at.unwrap() >= row.expires_at, "{row:?}");
    }
    assert_eq!(world.published("order:cancelled").await.len(), 2);
}

#[tokio::test]
async fn what_is_told_of_a_cancellation_is_what_serde_would_write() {
    let world = World::new().await;
    for (order_id, ticket_id) in [("0", "-"), ("a_Z-9", "__--__"), ("65c0a3f0c1d2e3f405162739", "T")] {
        sqlx::query("insert into tickets values ($1, 0, 'seat', 20)")
            .bind(ticket_id)
            .execute(&world.pool)
            .await
            .unwrap();
        sqlx::query(
            "insert into orders (id, ticket_id, user_id, expires_at, traceparent) values ($1, $2, 'u', now(), 'trace')",
        )
        .bind(order_id)
        .bind(ticket_id)
        .execute(&world.pool)
        .await
        .unwrap();
        world.backdate(&id(order_id), SECOND).await;
        assert_eq!(expire_one(&world, &id(order_id)).await, Expiry::Cancels);
        let event =
            OrderCancelled { id: id(order_id), version: 1, ticket: CancelledTicket { id: id(ticket_id) } };
        let told = world.published("order:cancelled").await.pop().unwrap();
        assert_eq!(told.payload, serde_json::to_string(&event).unwrap());
        assert_eq!(told.traceparent.as_deref(), Some("trace"));
    }
}

#[tokio::test]
async fn a_settled_order_is_left_alone() {
    let world = World::new().await;
    let paid = world.overdue(SECOND).await;
    world.store.pay(&[&payment(&paid.id)]).await.unwrap();
    let cancelled = world.overdue(SECOND).await;
    world.store.cancel(&cancelled.id, &cancelled.user_id).await.unwrap();
    let before = (world.row(&paid.id).await, world.row(&cancelled.id).await);

    assert_eq!(expire_one(&world, &paid.id).await, Expiry::Settled);
    assert_eq!(expire_one(&world, &cancelled.id).await, Expiry::Settled);
    assert_eq!((world.row(&paid.id).await, world.row(&cancelled.id).await), before);
    assert_eq!(world.published("order:cancelled").await.len(), 1, "only the buyer's own");
}

#[tokio::test]
async fn an_order_is_never_cancelled_early_and_what_remains_is_told() {
    let world = World::new().await;
    for window in [Duration::from_secs(30), QUARTER, Duration::from_secs(366 * 24 * 60 * 60)] {
        let order = world.order(window).await;
        let Expiry::Early(remaining) = expire_one(&world, &order.id).await else { panic!("not early") };
        assert!(remaining <= window && remaining > window - 10 * SECOND, "{remaining:?} of {window:?}");
        assert_eq!(world.row(&order.id).await.status, "created");
    }
    assert_eq!(world.published("order:cancelled").await, []);
}

#[tokio::test]
async fn an_order_that_is_not_there_is_unknown() {
    let world = World::new().await;
    assert_eq!(expire_one(&world, &id("nobody")).await, Expiry::UnknownOrder);
}

#[tokio::test]
async fn one_batch_answers_for_each_id_and_counts_duplicates_once() {
    let world = World::new().await;
    let (due, early) = (world.overdue(SECOND).await, world.order(QUARTER).await);
    let ids = [&due.id, &early.id, &id("nobody"), &due.id, &due.id].map(Clone::clone);
    let answers = world.store.expire(&ids, Watermark::Waived).await.unwrap();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[&due.id], Expiry::Cancels);
    assert!(matches!(answers[&early.id], Expiry::Early(_)));
    assert_eq!(answers[&id("nobody")], Expiry::UnknownOrder);
    assert_eq!(world.published("order:cancelled").await.len(), 1);

    assert_eq!(expire_one(&world, &due.id).await, Expiry::Settled);
    assert_eq!(world.published("order:cancelled").await.len(), 1);
    assert!(world.store.expire(&[], Watermark::Waived).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_expire_the_same_orders_cancel_each_once() {
    const ORDERS: usize = 300;
    let world = World::new().await;
    let ids = world.many_overdue(ORDERS as i64, SECOND).await;
    let tasks: Vec<_> = (0..8)
        .map(|nth| {
            let (store, mut ids) = (world.store.clone(), ids.clone());
            // Each asks in an order of its own: the statement is who brings them into one.
            ids.rotate_left(nth * 37);
            if nth % 2 == 0 {
                ids.reverse();
            }
            tokio::spawn(async move { store.expire(&ids, Watermark::Waived).await.unwrap() })
        })
        .collect();
    let mut cancelled = 0;
    for task in tasks {
        cancelled += task.await.unwrap().values().filter(|answer| **answer == Expiry::Cancels).count();
    }
    assert_eq!(cancelled, ORDERS);
    assert_eq!(world.published("order:cancelled").await.len(), ORDERS);
    assert_eq!(world.count("cancelled").await, ORDERS as i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_in_progress_is_waited_for_and_wins_if_it_commits() {
    let world = World::new().await;
    for commits in [true, false] {
        let order = world.overdue(SECOND).await;
        let mut paying = world.pool.begin().await.unwrap();
        sqlx::query("update orders set status = 'complete', version = 1, payment_id = 'p-1' where id = $1")
            .bind(order.id.as_str())
            .execute(&mut *paying)
            .await
            .unwrap();
        let (store, id) = (world.store.clone(), order.id.clone());
        let expiring = tokio::spawn(async move { store.expire(&[id], Watermark::Waived).await.unwrap() });
        world.blocked(1).await;
        if commits {
            paying.commit().await.unwrap();
            assert_eq!(expiring.await.unwrap()[&order.id], Expiry::Contended);
            assert_eq!(expire_one(&world, &order.id).await, Expiry::Settled);
            assert_eq!(world.row(&order.id).await.status, "complete");
            assert_eq!(world.published("order:cancelled").await, []);
        } else {
            paying.rollback().await.unwrap();
            assert_eq!(expiring.await.unwrap()[&order.id], Expiry::Cancels);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_paid_and_expired_at_the_same_instant_becomes_exactly_one_of_them() {
    let world = World::new().await;
    let (mut paid, mut expired) = (0, 0);
    for nth in 0..60 {
        let order = world.overdue(Duration::ZERO).await;
        let payment = payment(&order.id);
        let payments = [&payment];
        let ids = [order.id.clone()];
        let (pay, expire) = (world.store.pay(&payments), world.store.expire(&ids, Watermark::Waived));
        // Either gets a head start in turn, or chance would let the same one win nearly always.
        let (pay, expire) = if nth % 2 == 0 {
            let (pay, expire) = tokio::join!(biased; pay, expire);
            (pay, expire)
        } else {
            let (expire, pay) = tokio::join!(biased; expire, pay);
            (pay, expire)
        };
        let row = world.row(&order.id).await;
        match (pay.unwrap().remove(0), expire.unwrap()[&order.id]) {
            (Payment::Completes, Expiry::Settled | Expiry::Contended | Expiry::Early(_)) => {
                assert_eq!((row.status.as_str(), row.version), ("complete", 1));
                paid += 1;
            }
            (Payment::Rejected(Rejection::OrderIsCancelled), Expiry::Cancels) => {
                assert_eq!((row.status.as_str(), row.version), ("cancelled", 1));
                expired += 1;
            }
            other => panic!("{other:?} left {row:?}"),
        }
    }
    assert_eq!(paid + expired, 60);
    assert_eq!(world.published("order:cancelled").await.len(), expired);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_cancelled_by_its_buyer_and_expired_at_the_same_instant_is_told_once() {
    let world = World::new().await;
    for nth in 1..=60 {
        let order = world.overdue(SECOND).await;
        let ids = [order.id.clone()];
        let (cancel, expire) = tokio::join!(
            world.store.cancel(&order.id, &order.user_id),
            world.store.expire(&ids, Watermark::Waived)
        );
        let reason = world.row(&order.id).await.cancel_reason;
        match (cancel.unwrap(), expire.unwrap()[&order.id]) {
            (Cancellation::Cancels, Expiry::Settled | Expiry::Contended) => {
                assert_eq!(reason.as_deref(), Some("buyer"));
            }
            (Cancellation::Repeated, Expiry::Cancels) => assert_eq!(reason.as_deref(), Some("expired")),
            other => panic!("{other:?}, cancelled as {reason:?}"),
        }
        assert_eq!(world.row(&order.id).await.version, 1);
        assert_eq!(world.published("order:cancelled").await.len(), nth);
    }
}
