//! A step that is cut off where it waits, as by `kill -9`, at every such point: it is taken again, and the money is right.

use payments::payment::{Payment, Status};
use stripe_stand_in::IntentStatus;
use testkit::{cut_off, eventually};

use crate::world::{LIMIT, World};

/// Two waits that are over at the same time are one point: each sweep finds others.
const SWEEPS: usize = 3;

/// Takes one step of a payment that `prepare` makes, cut off at each point in turn, and hands it to `check`.
async fn at_every_point(world: &World, prepare: impl AsyncFn() -> Payment, check: impl AsyncFn(&Payment)) {
    for _ in 0..SWEEPS {
        for polls in 1.. {
            let payment = prepare().await;
            let finished = cut_off(polls, world.cashier.step(&payment)).await;
            world.hurry().await;
            check(&payment).await;
            if let Some(step) = finished {
                step.unwrap();
                assert!(polls > 1, "a step waits at least for the provider");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_card_is_charged_once_and_told_once() {
    let world = World::new().await;
    at_every_point(
        &world,
        async || world.begun(Some("tok_visa")).await,
        async |payment| {
            eventually("it is known to be held", LIMIT, async || {
                world.settler.run_once().await.map_err(|error| error.to_string())?;
                let status = world.find(&payment.id).await.status;
                if status == Status::Authorised { Ok(()) } else { Err(status.to_string()) }
            })
            .await;
            assert_eq!(world.ledger(payment).len(), 1);
            let told = world.told().await.into_iter().filter(|told| told.id == payment.id);
            assert_eq!(told.count(), 1);
        },
    )
    .await;
}

#[tokio::test]
async fn a_declined_card_leaves_nothing_behind() {
    let world = World::new().await;
    at_every_point(
        &world,
        async || world.begun(Some("tok_chargeDeclined")).await,
        async |payment| {
            world.settled(payment, Status::Declined).await;
            assert_eq!(world.ledger(payment)[0].status, IntentStatus::Canceled);
        },
    )
    .await;
    assert_eq!(world.told().await.len(), 0);
}

#[tokio::test]
async fn money_is_taken_once_and_told_once() {
    let world = World::new().await;
    at_every_point(
        &world,
        async || {
            let payment = world.authorised().await;
            world.complete(&payment).await;
            world.find(&payment.id).await
        },
        async |payment| {
            world.settled(payment, Status::Captured).await;
            assert_eq!(world.outcomes(payment).await.len(), 1);
            assert_eq!(world.ledger(payment)[0].captured, 2000);
        },
    )
    .await;
}

#[tokio::test]
async fn money_is_let_go_and_told_once() {
    let world = World::new().await;
    at_every_point(
        &world,
        async || {
            let payment = world.authorised().await;
            world.reject(&payment).await;
            world.find(&payment.id).await
        },
        async |payment| {
            world.settled(payment, Status::Released).await;
            assert_eq!(world.outcomes(payment).await.len(), 1);
        },
    )
    .await;
    assert_eq!(world.stripe.open_authorisations(), []);
}

#[tokio::test]
async fn money_goes_back_once_and_is_told_once() {
    let world = World::new().await;
    at_every_point(
        &world,
        async || {
            let payment = world.authorised().await;
            world.complete(&payment).await;
            let payment = world.settled(&payment, Status::Captured).await;
            world.reject(&payment).await;
            world.find(&payment.id).await
        },
        async |payment| {
            world.settled(payment, Status::Refunded).await;
            assert_eq!(world.outcomes(payment).await.len(), 2);
            assert_eq!(world.ledger(payment)[0].refunded, 2000);
        },
    )
    .await;
    assert_eq!(world.stripe.captured_minus_refunded("usd"), 0);
}

#[tokio::test]
async fn a_page_is_opened_and_closed() {
    let world = World::new().await;
    at_every_point(
        &world,
        async || world.begun(None).await,
        async |payment| {
            eventually("the page is there", LIMIT, async || {
                world.settler.run_once().await.map_err(|error| error.to_string())?;
                let status = world.find(&payment.id).await.status;
                if status == Status::Open { Ok(()) } else { Err(status.to_string()) }
            })
            .await;
        },
    )
    .await;
    at_every_point(
        &world,
        async || {
            let payment = world.open_page().await;
            world.cancel(&payment.order_id).await;
            world.find(&payment.id).await
        },
        async |payment| {
            world.settled(payment, Status::Closed).await;
        },
    )
    .await;
}
