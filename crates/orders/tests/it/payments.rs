//! Payments against each status.

use std::time::Duration;

use common::event::{Event, OrderCompleted, PaymentCreated, PaymentRejected, PaymentSettled, SettledOutcome};
use orders::{
    order::{Cancellation, Expiry, Money, Payment, Rejection},
    store::Placed,
    watermark::Watermark,
};

use crate::world::{QUARTER, World, id, payment, wish};

/// What the outbox tells, as events.
async fn told<E: Event>(world: &World) -> Vec<E> {
    let rows = world.published(E::SUBJECT.as_str()).await;
    rows.iter().map(|row| serde_json::from_str(&row.payload).unwrap()).collect()
}

fn settled(payment: &PaymentCreated, outcome: SettledOutcome) -> PaymentSettled {
    let PaymentCreated { id, order_id, stripe_id } = payment.clone();
    PaymentSettled { id, order_id, stripe_id, outcome }
}

async fn money(world: &World, payment: &PaymentCreated) -> Option<Money> {
    world.store.find(&payment.order_id).await.unwrap().unwrap().money
}

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
        let completed: OrderCompleted = told(&world).await.pop().unwrap();
        assert_eq!((&completed.id, completed.version), (&order.id, 1));
        assert_eq!((&completed.payment_id, &completed.ticket.id), (&payment.id, &order.ticket.id));
    }
    assert_eq!(told::<OrderCompleted>(&world).await.len(), 2, "each once");
    assert_eq!(told::<PaymentRejected>(&world).await, []);
}

#[tokio::test]
async fn a_payment_after_the_expiry_but_before_the_cancellation_wins() {
    let world = World::new().await;
    let order = world.overdue(Duration::from_secs(5)).await;
    assert_eq!(world.store.pay(&[&payment(&order.id)]).await.unwrap(), [Payment::Completes]);
    let answers = world.store.expire(std::slice::from_ref(&order.id), Watermark::Waived).await.unwrap();
    assert_eq!(answers[&order.id], Expiry::Settled);
    assert_eq!(world.published("order:cancelled").await, []);
}

#[tokio::test]
async fn a_cancelled_order_is_never_completed() {
    let world = World::new().await;
    let order = world.order(QUARTER).await;
    world.store.cancel(&order.id, &order.user_id).await.unwrap();
    let cancelled = world.row(&order.id).await;
    let late = payment(&order.id);
    for effect in [Payment::Rejected(Rejection::OrderIsCancelled), Payment::Repeated] {
        assert_eq!(world.store.pay(&[&late]).await.unwrap(), [effect]);
        assert_eq!(world.row(&order.id).await, cancelled);
    }
    let [rejected] = &told::<PaymentRejected>(&world).await[..] else { panic!("not once") };
    assert_eq!((&rejected.id, &rejected.order_id), (&late.id, &order.id));
    assert_eq!(rejected.stripe_id, late.stripe_id);
    assert!(rejected.reason.contains("cancelled"), "{}", rejected.reason);
}

#[tokio::test]
async fn money_is_shown_as_rejected_or_accepted_until_it_is_settled_and_the_first_outcome_stays() {
    let world = World::new().await;
    let (cancelled, complete) = (world.order(QUARTER).await, world.order(QUARTER).await);
    world.store.cancel(&cancelled.id, &cancelled.user_id).await.unwrap();
    let (late, first, second) = (payment(&cancelled.id), payment(&complete.id), payment(&complete.id));
    assert_eq!(money(&world, &late).await, None);
    world.store.pay(&[&late, &first, &second]).await.unwrap();
    assert_eq!(money(&world, &late).await, Some(Money::Rejected));
    assert_eq!(money(&world, &first).await, Some(Money::Accepted));

    let (stray, unknown) =
        (settled(&payment(&id("nobody")), SettledOutcome::Released), payment(&complete.id));
    let events = [
        settled(&late, SettledOutcome::Released),
        settled(&first, SettledOutcome::Captured),
        settled(&second, SettledOutcome::Refunded),
        settled(&unknown, SettledOutcome::Captured),
        stray,
    ];
    for _ in 0..2 {
        let known = world.store.settle(&events.iter().collect::<Vec<_>>()).await.unwrap();
        assert_eq!(known, [late.id.clone(), first.id.clone(), second.id.clone()].into());
    }
    let again = settled(&late, SettledOutcome::Failed);
    world.store.settle(&[&again]).await.unwrap();
    assert_eq!(money(&world, &late).await, Some(Money::Settled(SettledOutcome::Released)));
    assert_eq!(money(&world, &first).await, Some(Money::Settled(SettledOutcome::Captured)));
    let open: i64 = sqlx::query_scalar("select count(*) from rejected_payments where settled_at is null")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(open, 0);
}

#[tokio::test]
async fn what_is_told_of_a_rejection_says_the_charge_as_it_came_and_who_paid_before() {
    let world = World::new().await;
    let order = world.order(QUARTER).await;
    let first = payment(&order.id);
    let second = PaymentCreated { stripe_id: "pi_\"\\ \u{1}é".to_owned(), ..payment(&order.id) };
    world.store.pay(&[&first, &second, &second]).await.unwrap();
    let [rejected] = &told::<PaymentRejected>(&world).await[..] else { panic!("not once") };
    assert_eq!(rejected.stripe_id, second.stripe_id);
    assert!(rejected.reason.contains(first.id.as_str()), "{}", rejected.reason);
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
            Payment::Rejected(Rejection::PaidBy(first.id.clone())),
            Payment::Repeated,
            Payment::Rejected(Rejection::UnknownOrder),
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
    world.store.expire(std::slice::from_ref(&order.id), Watermark::Waived).await.unwrap();
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
