//! What becomes of money that is held: it follows the order, whoever learns of it first.

use std::time::{Duration, Instant};

use common::event::SettledOutcome;
use futures_util::{StreamExt as _, stream};
use payments::{
    payment::Status,
    pruner::Pruner,
    settler::{LEASE, Settler},
    store::CompletedOrder,
};
use process::{Wake, health::Health};
use stripe_stand_in::{Call, Fault, IntentStatus};
use tokio_util::sync::CancellationToken;

use crate::{
    api::{PATH, Server, check},
    world::{BUYER, LIMIT, STRIPE_KEY, World},
};

/// Somebody does it by hand at the provider.
async fn by_hand(world: &World, path: &str) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.post(format!("{}/v1/payment_intents/{path}", world.stripe.url()));
    assert_eq!(answer.bearer_auth(STRIPE_KEY).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_rejected_payment_is_released_told_once_and_shown_with_its_reason() {
    let server = Server::new().await;
    let payment = server.world.authorised().await;
    for _ in 0..2 {
        server.world.reject(&payment).await;
    }
    server.world.settled(&payment, Status::Released).await;
    assert_eq!(server.world.outcomes(&payment).await, [SettledOutcome::Released]);
    assert_eq!(server.world.ledger(&payment)[0].status, IntentStatus::Canceled);
    let names = [("payment", payment.id.as_str()), ("order", payment.order_id.as_str())];
    let path = format!("{PATH}?orderId={}", payment.order_id);
    check(server.get(BUYER, &path).await, include_str!("../golden/listed_rejected.http"), &names).await;
}

#[tokio::test]
async fn each_event_carries_the_trace_of_the_request_that_began_the_payment() {
    let world = World::new().await;
    let payment = world.authorised().await;
    world.complete(&payment).await;
    world.settled(&payment, Status::Captured).await;
    let trace = payment.traceparent.unwrap().to_string();
    for subject in ["payment:created", "payment:settled"] {
        let [told] = &world.published(subject).await[..] else { panic!("{subject} is not told once") };
        assert_eq!(told.traceparent.as_ref(), Some(&trace));
        assert!(
            told.payload.contains(&format!(r#""orderId":"{}","stripeId":"pi_"#, payment.order_id)),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn what_was_done_by_hand_is_found_out_and_the_money_is_right() {
    let world = World::new().await;
    let intent = |payment: &payments::payment::Payment| payment.intent.clone().unwrap();
    // Taken by hand, then complete.
    let payment = world.authorised().await;
    by_hand(&world, &format!("{}/capture", intent(&payment))).await;
    world.complete(&payment).await;
    world.settled(&payment, Status::Captured).await;
    // Taken by hand, then rejected.
    let payment = world.authorised().await;
    by_hand(&world, &format!("{}/capture", intent(&payment))).await;
    world.reject(&payment).await;
    world.settled(&payment, Status::Refunded).await;
    assert_eq!(world.outcomes(&payment).await, [SettledOutcome::Refunded]);
    // Let go of by hand, then rejected.
    let payment = world.authorised().await;
    by_hand(&world, &format!("{}/cancel", intent(&payment))).await;
    world.reject(&payment).await;
    world.settled(&payment, Status::Released).await;
    assert_eq!(world.stripe.captured_minus_refunded("usd"), 2000);
}

#[tokio::test]
async fn money_that_is_no_longer_held_when_its_order_is_complete_is_a_failure_that_somebody_has_to_see() {
    let world = World::new().await;
    let payment = world.authorised().await;
    world.stripe.expire_authorisation(payment.intent.as_ref().unwrap()).unwrap();
    world.hurry().await;
    world.settler.run_once().await.unwrap();
    assert_eq!(world.find(&payment.id).await.status, Status::Authorised, "it is for orders to decide");
    world.complete(&payment).await;
    world.settled(&payment, Status::Failed).await;
    assert_eq!(world.outcomes(&payment).await, [SettledOutcome::Failed]);
}

#[tokio::test]
async fn what_is_not_settled_is_counted_and_a_page_that_waits_for_its_buyer_is_not() {
    let world = World::new().await;
    assert_eq!(world.store.unsettled().await.unwrap(), payments::store::Unsettled::default());
    let payment = world.authorised().await;
    world.open_page().await;
    sqlx::query("update payments set updated_at = now() - interval '1 hour'")
        .execute(&world.pool)
        .await
        .unwrap();
    let unsettled = world.store.unsettled().await.unwrap();
    assert!(unsettled.count == 1 && (3600.0..3700.0).contains(&unsettled.oldest_s), "{unsettled:?}");
    world.complete(&payment).await;
    world.settled(&payment, Status::Captured).await;
    assert_eq!(world.store.unsettled().await.unwrap().count, 0);
}

#[tokio::test]
async fn money_that_nobody_decides_about_is_told_again_later_and_later() {
    let world = World::new().await;
    let payment = world.authorised().await;
    let held_for = async |minutes: i32| -> (usize, f64) {
        sqlx::query("update payments set updated_at = now() - $1 * interval '1 minute', due_at = now()")
            .bind(minutes)
            .execute(&world.pool)
            .await
            .unwrap();
        assert_eq!(world.settler.run_once().await.unwrap(), 1);
        let next: f64 = sqlx::query_scalar("select extract(epoch from due_at - now())::float8 from payments")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        (world.told().await.len(), next / 60.0)
    };
    for (minutes, told, next) in [(1, 1, 2.0), (2, 2, 2.0), (10, 3, 10.0), (200, 4, 60.0)] {
        let (count, due) = held_for(minutes).await;
        assert_eq!(count, told, "after {minutes} min");
        assert!((next - 0.2..=next + 0.2).contains(&due), "after {minutes} min again in {due} min");
    }
    assert!(
        world
            .told()
            .await
            .iter()
            .all(|told| told.id == payment.id && Some(&told.stripe_id) == payment.intent.as_ref())
    );

    // Let go of by hand: telling it again would complete an order that nobody pays.
    by_hand(&world, &format!("{}/cancel", payment.intent.clone().unwrap())).await;
    assert_eq!(held_for(200).await.0, 4);
    // Unless the order is over, which can only reject it.
    world.cancel(&payment.order_id).await;
    assert_eq!(held_for(200).await.0, 5);
    world.reject(&payment).await;
    world.settled(&payment, Status::Released).await;
    assert_eq!(world.told().await.len(), 5);
}

#[tokio::test]
async fn a_token_is_kept_only_as_long_as_it_may_be_needed() {
    let world = World::new().await;
    for token in ["tok_visa", "tok_chargeDeclined"] {
        let payment = world.begun(Some(token)).await;
        world.cashier.begin(&payment).await.unwrap();
    }
    let kept: i64 =
        sqlx::query_scalar("select count(token) from payments").fetch_one(&world.pool).await.unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn events_that_cannot_come_again_are_forgotten() {
    let world = World::new().await;
    sqlx::raw_sql("insert into stripe_events values ('old', now() - interval '8 days'), ('new', now())")
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(Pruner::new(world.store.clone()).run_once().await.unwrap(), 1);
    let left: Vec<String> =
        sqlx::query_scalar("select id from stripe_events").fetch_all(&world.pool).await.unwrap();
    assert_eq!(left, ["new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_longer_than_the_lease_keeps_it_and_is_made_once() {
    let world = World::new().await;
    let payment = world.authorised().await;
    world.complete(&payment).await;
    let patient = Settler::new(world.store.clone(), world.cashier.within(2 * LEASE), Wake::default());
    world.stripe.fault(Call::CaptureIntent, Fault::Slow(LEASE + LEASE / 2), 1);
    let others = async {
        let mut taken = 0;
        testkit::eventually("the call is made", LIMIT, async || {
            match world.stripe.requests(Call::CaptureIntent) {
                1 => Ok(()),
                count => Err(format!("{count} calls")),
            }
        })
        .await;
        testkit::eventually("the money is taken", LIMIT, async || {
            taken += world.settler.run_once().await.map_err(|error| error.to_string())?;
            let status = world.find(&payment.id).await.status;
            if status == Status::Captured { Ok(()) } else { Err(status.to_string()) }
        })
        .await;
        taken
    };
    let (slow, others) = tokio::join!(patient.run_once(), others);
    assert_eq!((slow.unwrap(), others), (1, 0));
    assert_eq!(world.stripe.requests(Call::CaptureIntent), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_decisions_at_once_are_carried_out_one_behind_the_other_without_a_pause() {
    const COUNT: usize = 400;
    let world = World::new().await;
    let payments = (0..COUNT).map(async |_| world.authorised().await);
    let payments: Vec<_> = stream::iter(payments).buffer_unordered(16).collect().await;
    let stop = CancellationToken::new();
    let heartbeat = Health::new().register_loop("settler", LIMIT);
    let settling = tokio::spawn(world.settler.clone().run(heartbeat, stop.clone()));
    let orders = payments.iter().map(|payment| CompletedOrder {
        id: payment.order_id.clone(),
        version: 1,
        payment_id: payment.id.clone(),
    });
    let begun = Instant::now();
    world.store.complete_orders(&orders.collect::<Vec<_>>()).await.unwrap();
    testkit::eventually("all money is taken", LIMIT, async || {
        let taken = world.stripe.captured_minus_refunded("usd");
        if taken == 2000 * COUNT as i64 { Ok(()) } else { Err(taken.to_string()) }
    })
    .await;
    let took = begun.elapsed();
    stop.cancel();
    settling.await.unwrap();
    // A poll between any two batches would take more than ten seconds.
    assert!(took < Duration::from_secs(8), "{took:?}");
}
