//! A decision that is cut off where it waits, as by `kill -9`, at every such point: it is taken again, and has one effect.

use common::event::{Event, OrderCompleted, PaymentCreated, PaymentRejected, PaymentSettled, SettledOutcome};
use orders::order::{Money, Payment, Rejection};
use testkit::cut_off;

use crate::world::{QUARTER, World, payment};

/// How often an event about this payment or order is in the outbox.
async fn told<E: Event>(world: &World, about: &str) -> usize {
    let rows = world.published(E::SUBJECT.as_str()).await;
    rows.iter().filter(|row| row.payload.contains(about)).count()
}

/// Points at which a decision waits at least. On a busy machine an answer of Postgres may be there before anybody waits for it, and
/// then there are fewer in a sweep.
const POINTS: usize = 2;
const MOST_SWEEPS: usize = 50;

/// Runs a decision that is cut off after so many waits, for each number of them; it says whether it came to its end.
async fn at_every_point(decide: impl AsyncFn(usize) -> bool) {
    for _ in 0..MOST_SWEEPS {
        let mut polls = 1;
        while !decide(polls).await {
            polls += 1;
        }
        if polls > POINTS {
            return;
        }
    }
    panic!("in {MOST_SWEEPS} sweeps it never waited for Postgres {POINTS} times");
}

#[tokio::test]
async fn a_payment_completes_its_order_once_wherever_the_decision_is_cut_off() {
    let world = World::new().await;
    at_every_point(async |polls| {
        let order = world.order(QUARTER).await;
        let paid = payment(&order.id);
        let finished = cut_off(polls, world.store.pay(&[&paid])).await;
        let effects = world.store.pay(&[&paid]).await.unwrap();
        assert!(matches!(effects[..], [Payment::Completes | Payment::Repeated]), "{effects:?}");
        let row = world.row(&order.id).await;
        assert_eq!((row.status.as_str(), row.version), ("complete", 1), "after {polls}");
        assert_eq!(told::<OrderCompleted>(&world, order.id.as_str()).await, 1, "after {polls}");
        finished.is_some()
    })
    .await;
}

#[tokio::test]
async fn a_payment_is_rejected_once_wherever_the_decision_is_cut_off() {
    let world = World::new().await;
    at_every_point(async |polls| {
        let order = world.order(QUARTER).await;
        world.store.cancel(&order.id, &order.user_id).await.unwrap();
        let late = payment(&order.id);
        let finished = cut_off(polls, world.store.pay(&[&late])).await;
        let effects = world.store.pay(&[&late]).await.unwrap();
        let now_or_before = [Payment::Rejected(Rejection::OrderIsCancelled), Payment::Repeated];
        assert!(matches!(&effects[..], [effect] if now_or_before.contains(effect)), "{effects:?}");
        assert_eq!(told::<PaymentRejected>(&world, late.id.as_str()).await, 1, "after {polls}");
        finished.is_some()
    })
    .await;
}

#[tokio::test]
async fn what_became_of_money_is_noted_once_wherever_it_is_cut_off() {
    let world = World::new().await;
    for polls in 1.. {
        let order = world.order(QUARTER).await;
        let PaymentCreated { id, order_id, stripe_id } = payment(&order.id);
        let paid =
            PaymentCreated { id: id.clone(), order_id: order_id.clone(), stripe_id: stripe_id.clone() };
        world.store.pay(&[&paid]).await.unwrap();
        let event = PaymentSettled { id, order_id, stripe_id, outcome: SettledOutcome::Captured };
        let finished = cut_off(polls, world.store.settle(&[&event])).await;
        assert!(world.store.settle(&[&event]).await.unwrap().contains(&event.id));
        let money = world.store.find(&order.id).await.unwrap().unwrap().money;
        assert_eq!(money, Some(Money::Settled(SettledOutcome::Captured)), "after {polls}");
        if finished.is_some() {
            return;
        }
    }
}
