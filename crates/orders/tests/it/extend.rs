//! More time for an order, and what may happen to it meanwhile.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use common::event::{ExpirationComplete, Id, OrderExtended, Timestamp};
use futures_util::future::join_all;
use messaging::{Delivery, Handler, Outcome};
use orders::{
    order::{Expiry, Extension, MoreTime, Order},
    store::Extended,
    watermark::Watermark,
};

use crate::{
    api::LIMIT,
    world::{QUARTER, World, id, on_expiration, payment},
};

const TEN_MINUTES: Duration = Duration::from_secs(600);

async fn extend(world: &World, order: &Id, wish: MoreTime) -> Extended {
    world.store.extend(order, wish, LIMIT).await.unwrap().expect("the order is there")
}

async fn told(world: &World) -> Vec<OrderExtended> {
    let told = world.published("order:extended").await;
    told.iter().map(|row| serde_json::from_str(&row.payload).unwrap()).collect()
}

async fn expiry(world: &World, order: &Order) -> Expiry {
    let answers = world.store.expire(std::slice::from_ref(&order.id), Watermark::Waived).await.unwrap();
    answers[&order.id]
}

#[tokio::test]
async fn an_order_gets_more_time_which_is_told_once_and_its_version_stays() {
    let world = World::new().await;
    let order = world.order(QUARTER).await;
    let to = Timestamp::from_millis(order.expires_at.as_millis() + 600_000);
    let extended = extend(&world, &order.id, MoreTime::By(TEN_MINUTES)).await;
    assert_eq!(extended, Extended { from: order.expires_at, extension: Extension::Extends(to) });
    let again = extend(&world, &order.id, MoreTime::To(to)).await;
    assert_eq!(again, Extended { from: to, extension: Extension::Repeated });
    let row = world.row(&order.id).await;
    assert_eq!((row.expires_at, row.version, row.status.as_str()), (to.into(), 0, "created"));
    assert_eq!(told(&world).await, [OrderExtended { id: order.id.clone(), expires_at: to }]);
    assert_eq!(world.store.extend(&id("nobody"), MoreTime::By(TEN_MINUTES), LIMIT).await.unwrap(), None);
}

#[tokio::test]
async fn an_order_never_loses_time_and_never_lasts_longer_than_it_may() {
    let world = World::new().await;
    let order = world.order(QUARTER).await;
    for (by, expected) in [
        (MoreTime::To(Timestamp::from_millis(order.expires_at.as_millis() - 1)), Extension::Earlier),
        (MoreTime::By(LIMIT), Extension::BeyondLimit),
    ] {
        assert_eq!(extend(&world, &order.id, by).await.extension, expected);
    }
    assert_eq!(world.row(&order.id).await.expires_at, DateTime::<Utc>::from(order.expires_at));
    assert_eq!(told(&world).await, []);
}

#[tokio::test]
async fn a_paid_order_and_a_cancelled_one_get_no_more_time() {
    let world = World::new().await;
    let (paid, cancelled) = (world.order(QUARTER).await, world.order(QUARTER).await);
    world.store.pay(&[&payment(&paid.id)]).await.unwrap();
    world.store.cancel_for_operator(&cancelled.id).await.unwrap();
    for (order, expected) in [(paid, Extension::OrderIsComplete), (cancelled, Extension::OrderIsCancelled)] {
        assert_eq!(extend(&world, &order.id, MoreTime::By(TEN_MINUTES)).await.extension, expected);
    }
    assert_eq!(told(&world).await, []);
}

#[tokio::test]
async fn an_order_whose_time_is_over_may_have_more_until_it_is_cancelled() {
    let world = World::new().await;
    let order = world.overdue(Duration::from_secs(60)).await;
    let past = world.store.now().await.unwrap() - TimeDelta::seconds(1);
    assert_eq!(extend(&world, &order.id, MoreTime::To(past.into())).await.extension, Extension::InThePast);
    let extended = extend(&world, &order.id, MoreTime::By(TEN_MINUTES)).await;
    assert!(matches!(extended.extension, Extension::Extends(_)), "{extended:?}");
    let Expiry::Early(remaining) = expiry(&world, &order).await else { panic!("it is cancelled") };
    assert!(remaining > TEN_MINUTES / 2, "{remaining:?}");
    assert_eq!(world.row(&order.id).await.status, "created");
}

#[tokio::test]
async fn an_expiration_that_comes_before_the_new_time_is_postponed_and_then_cancels() {
    let world = World::new().await;
    let order = world.overdue(Duration::from_secs(60)).await;
    extend(&world, &order.id, MoreTime::By(TEN_MINUTES)).await;
    let delivery = Delivery {
        event: ExpirationComplete { order_id: order.id.clone() },
        traceparent: None,
        sequence: 1,
        delivered: 1,
        stored_at_ms: 1_769_860_800_000,
        claim: Some("1769860799999 expiration-1".parse().unwrap()),
    };
    let handler = on_expiration(&world);
    let outcomes = handler.handle(std::slice::from_ref(&delivery)).await.unwrap();
    let [Outcome::Postpone(remaining)] = outcomes[..] else { panic!("{outcomes:?}") };
    assert!(remaining > TEN_MINUTES / 2 && remaining <= TEN_MINUTES, "{remaining:?}");
    world.backdate(&order.id, Duration::ZERO).await;
    assert_eq!(handler.handle(&[delivery]).await.unwrap(), [Outcome::Done]);
    let history = world.store.history(&order.id).await.unwrap().unwrap();
    assert_eq!(history.cancel_reason.as_deref(), Some("expired"));
    assert!(history.cancelled_at.unwrap() >= history.expires_at);
    let fired = history.fired.unwrap();
    assert_eq!(fired.at.to_string(), "2026-01-31T12:00:00.000Z");
    assert_eq!(fired.claimed_at.unwrap().to_string(), "2026-01-31T11:59:59.999Z");
    assert_eq!(fired.by.as_deref(), Some("expiration-1"));
}

#[tokio::test]
async fn an_expiry_that_waits_behind_an_extension_leaves_the_order_alone() {
    let world = World::new().await;
    let order = world.overdue(Duration::from_secs(1)).await;
    let mut extending = world.pool.begin().await.unwrap();
    sqlx::query("update orders set expires_at = now() + interval '10 minutes' where id = $1")
        .bind(order.id.as_str())
        .execute(&mut *extending)
        .await
        .unwrap();
    let (store, ids) = (world.store.clone(), [order.id.clone()]);
    let expiring = tokio::spawn(async move { store.expire(&ids, Watermark::Waived).await.unwrap() });
    world.blocked(1).await;
    extending.commit().await.unwrap();
    assert_eq!(expiring.await.unwrap()[&order.id], Expiry::Contended);
    assert!(matches!(expiry(&world, &order).await, Expiry::Early(_)));
    assert_eq!(world.row(&order.id).await.status, "created");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_give_more_time_at_once_each_is_told_and_the_latest_holds() {
    let world = World::new().await;
    let order = world.order(QUARTER).await;
    let until = |minutes: i64| Timestamp::from_millis(order.expires_at.as_millis() + minutes * 60_000);
    let wishes = (1..=20).map(|minutes| extend(&world, &order.id, MoreTime::To(until(minutes))));
    let answers = join_all(wishes).await;
    let extends = answers.iter().filter(|it| matches!(it.extension, Extension::Extends(_))).count();
    assert_eq!(world.row(&order.id).await.expires_at, DateTime::<Utc>::from(until(20)));
    let told = told(&world).await;
    assert_eq!(told.len(), extends);
    assert_eq!(told.iter().map(|event| event.expires_at).max(), Some(until(20)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_extension_an_expiry_a_payment_and_two_cancellations_at_once_one_outcome_is_left() {
    let world = World::new().await;
    for _ in 0..50 {
        let order = world.overdue(Duration::ZERO).await;
        let (paid, ids) = (payment(&order.id), [order.id.clone()]);
        let payments = [&paid];
        let (extended, _, _, _, _) = tokio::join!(
            extend(&world, &order.id, MoreTime::By(TEN_MINUTES)),
            world.store.expire(&ids, Watermark::Waived),
            world.store.pay(&payments),
            world.store.cancel(&order.id, &order.user_id),
            world.store.cancel_for_operator(&order.id),
        );
        let row = world.row(&order.id).await;
        assert_ne!(row.status, "created", "{extended:?}");
        assert_eq!(row.version, 1, "{row:?}");
        let reason = row.cancel_reason.as_deref();
        assert!(reason != Some("expired") || row.cancelled_at.unwrap() >= row.expires_at, "{row:?}");
        assert_eq!(row.payment_id.is_some(), row.status == "complete", "{row:?}");
    }
    let (cancelled, completed) =
        (world.published("order:cancelled").await.len(), world.published("order:completed").await.len());
    assert_eq!(cancelled + completed, 50);
    assert_eq!(world.published("payment:rejected").await.len(), cancelled);
}
