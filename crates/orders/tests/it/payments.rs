//! Payments against each status.

use std::time::Duration;

use orders::order::{Cancellation, Expiry, Payment};

use crate::world::{QUARTER, World, id, payment, wish};
use orders::store::Placed;

#[tokio::test]
async fn a_payment_completes_an_unpaid_order_once() {
    let world = World::new().await;
    for status in ["created", "awaiting:payment"] {
        let order = world.order(QUARTER).await;
        world.set_status(&order.id, status).await;
        let payment = payment(&order.id);
        assert_eq!(world.store.pay(&[&payment]).await.unwrap(), [Payment::Completes]);
        let row = world.row(&order.id).await;
        assert_eq!((row.status.as_str(), row.version), ("complete", 1));
        assert_eq!(row.payment_id.as_deref(), Some(payment.id.as_str()));

        assert_eq!(world.store.pay(&[&payment]).await.unwrap(), [Payment::Repeated]);
        assert_eq!(world.row(&order.id).await, row);
    }
}

#[tokio::test]
async fn a_payment_after_the_expiry_but_before_the_cancellation_wins() {
    let world = World::new().await;
    let order = world.overdue(Duration::from_secs(5)).await;
    assert_eq!(world.store.pay(&[&payment(&order.id)]).await.unwrap(), [Payment::Completes]);
    let answers = world.store.expire(std::slice::from_ref(&order.id)).await.unwrap();
    assert_eq!(answers[&order.id], Expiry::Settled);
    assert_eq!(world.published("order:cancelled").await, []);
}

#[tokio::test]
async fn a_cancelled_order_is_never_completed() {
    let world = World::new().await;
    let order = world.order(QUARTER).await;
    world.store.cancel(&order.id, &order.user_id).await.unwrap();
    let cancelled = world.row(&order.id).await;
    assert_eq!(world.store.pay(&[&payment(&order.id)]).await.unwrap(), [Payment::OrderIsCancelled]);
    assert_eq!(world.row(&order.id).await, cancelled);
}

#[tokio::test]
async fn a_batch_answers_for_each_payment_also_for_two_of_one_order() {
    let world = World::new().await;
    let (one, two) = (world.order(QUARTER).await, world.order(QUARTER).await);
    let (first, second) = (payment(&one.id), payment(&one.id));
    let (other, stray) = (payment(&two.id), payment(&id("nobody")));
    assert_eq!(
        world.store.pay(&[&first, &other, &second, &first, &stray]).await.unwrap(),
        [
            Payment::Completes,
            Payment::Completes,
            Payment::PaidBy(Some(first.id.clone())),
            Payment::Repeated,
            Payment::UnknownOrder,
        ]
    );
    assert_eq!(world.row(&one.id).await.payment_id.as_deref(), Some(first.id.as_str()));
    assert_eq!(world.row(&one.id).await.version, 1);
    assert_eq!(world.count("complete").await, 2);
}

#[tokio::test]
async fn a_paid_seat_is_never_sold_again() {
    let world = World::new().await;
    let order = world.overdue(Duration::from_secs(60)).await;
    world.store.pay(&[&payment(&order.id)]).await.unwrap();
    world.store.expire(std::slice::from_ref(&order.id)).await.unwrap();
    let cancelled = world.store.cancel(&order.id, &order.user_id).await.unwrap();
    assert_eq!(cancelled, Cancellation::OrderIsComplete);
    assert_eq!(world.store.place(&wish(&order.ticket.id)).await.unwrap(), Placed::Reserved);
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_for_the_same_orders_in_any_order_complete_each_once() {
    const ORDERS: usize = 100;
    let world = World::new().await;
    let ids = world.many_overdue(ORDERS as i64, Duration::ZERO).await;
    let tasks: Vec<_> = (0..6)
        .map(|nth| {
            let (store, mut ids) = (world.store.clone(), ids.clone());
            ids.rotate_left(nth * 17);
            tokio::spawn(async move {
                let payments: Vec<_> = ids.iter().map(payment).collect();
                store.pay(&payments.iter().collect::<Vec<_>>()).await.unwrap()
            })
        })
        .collect();
    let mut completed = 0;
    for task in tasks {
        completed += task.await.unwrap().into_iter().filter(|effect| *effect == Payment::Completes).count();
    }
    assert_eq!(completed, ORDERS);
    assert_eq!(world.count("complete").await, ORDERS as i64);
}
