//! I10: an order that was paid in time is complete, whatever was down meanwhile; and unpaid ones are not kept for it.

use std::time::{Duration, Instant};

use common::event::{ExpirationComplete, Id, PaymentCreated, PaymentSettled, SettledOutcome};
use messaging::{BatchError, Broker, ConsumerOptions, Delivery, Handler, Outcome};
use orders::{
    handlers::OnExpirationComplete,
    sampler::Sampler,
    watermark::{Watermark, Watermarks},
};
use process::health::Health;
use sqlx::Row as _;
use testkit::{Nats, eventually};
use tokio_util::sync::CancellationToken;

use crate::{
    platform::{Platform, READY},
    world::{World, id, payment},
};

const SECOND: Duration = Duration::from_secs(1);
const ORDERS: usize = 300;
/// Time for the payments to be stored well before it is over.
const WINDOW: Duration = Duration::from_secs(5);
/// After this the sweeper would have come: its grace and two of its intervals.
const SWEPT: Duration = Duration::from_secs(14);

/// Unpaid orders, straight into the database.
async fn place(platform: &Platform, orders: usize, window: Duration) -> Vec<Id> {
    sqlx::raw_sql("insert into tickets select 't-' || n, 0, 'seat', 20 from generate_series(1, 1000) n on conflict do nothing")
        .execute(&platform.pool)
        .await
        .unwrap();
    let placed = sqlx::query(
        "insert into orders (id, ticket_id, user_id, expires_at)
         select 'o-' || n, 't-' || n, 'u-1', now() + $2 * interval '1 ms'
         from generate_series((select count(*) + 1 from orders), (select count(*) from orders) + $1) n
         returning id",
    )
    .bind(orders as i64)
    .bind(window.as_millis() as i64)
    .fetch_all(&platform.pool)
    .await
    .unwrap();
    placed.into_iter().map(|row| id(row.get("id"))).collect()
}

fn payments(orders: &[Id]) -> Vec<PaymentCreated> {
    orders.iter().map(payment).collect()
}

fn expirations(orders: &[Id]) -> Vec<ExpirationComplete> {
    orders.iter().map(|order| ExpirationComplete { order_id: order.clone() }).collect()
}

/// Waits until so long after the begin of a trial.
async fn passed(begin: Instant, time: Duration) {
    eventually("the time passes", 60 * SECOND, async || match begin.elapsed() {
        elapsed if elapsed >= time => Ok(()),
        elapsed => Err(format!("{elapsed:?} of {time:?}")),
    })
    .await;
}

/// The trial is none if the machine was too slow for it.
fn stored_in_time(begin: Instant) {
    assert!(
        begin.elapsed() < WINDOW - SECOND,
        "the payments were stored {:?} after the begin",
        begin.elapsed()
    );
}

async fn decided(platform: &Platform, complete: usize, cancelled: usize, limit: Duration) {
    eventually("every order is decided", limit, async || {
        let (created, completed, expired): (i64, i64, i64) = sqlx::query_as(
            "select count(*) filter (where status = 'created'), count(*) filter (where status = 'complete'),
                    count(*) filter (where status = 'cancelled') from orders",
        )
        .fetch_one(&platform.pool)
        .await
        .map_err(|error| error.to_string())?;
        let state = format!("{created} created, {completed} complete, {expired} cancelled");
        match (created, completed as usize, expired as usize) {
            (0, found, other) if (found, other) == (complete, cancelled) => Ok(()),
            (0, ..) => panic!("{state}, instead of {complete} complete and {cancelled} cancelled"),
            _ => Err(state),
        }
    })
    .await;
    assert_eq!(platform.dead_letters().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_in_time_while_orders_was_killed_is_complete() {
    let platform = Platform::start("15m").await;
    for trial in 1..=3 {
        let begin = Instant::now();
        let orders = place(&platform, ORDERS, WINDOW).await;
        platform.orders.kill().await.unwrap();
        platform.publish_all(&payments(&orders)).await;
        stored_in_time(begin);
        passed(begin, WINDOW).await;
        platform.publish_all(&expirations(&orders)).await;
        platform.orders.restart().await.unwrap();
        decided(&platform, trial * ORDERS, 0, 60 * SECOND).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_in_time_while_postgres_hung_is_complete_and_the_sweeper_does_not_come_first() {
    let platform = Platform::start("15m").await;
    let begin = Instant::now();
    let orders = place(&platform, ORDERS, WINDOW).await;
    platform.postgres.pause().unwrap();
    platform.publish_all(&payments(&orders)).await;
    stored_in_time(begin);
    passed(begin, WINDOW).await;
    platform.publish_all(&expirations(&orders)).await;
    passed(begin, WINDOW + SWEPT).await;
    platform.postgres.resume().unwrap();
    decided(&platform, ORDERS, 0, 60 * SECOND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_in_time_while_the_orders_were_locked_is_complete() {
    let platform = Platform::start("15m").await;
    let begin = Instant::now();
    let orders = place(&platform, ORDERS, WINDOW).await;
    let mut lock = platform.pool.begin().await.unwrap();
    sqlx::raw_sql("lock table orders in access exclusive mode").execute(&mut *lock).await.unwrap();
    platform.publish_all(&payments(&orders)).await;
    stored_in_time(begin);
    passed(begin, WINDOW).await;
    platform.publish_all(&expirations(&orders)).await;
    passed(begin, 27 * SECOND).await;
    lock.rollback().await.unwrap();
    decided(&platform, ORDERS, 0, 60 * SECOND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_had_stored_in_time_when_it_was_killed_is_complete_and_is_not_swept_meanwhile() {
    let platform = Platform::start("15m").await;
    let begin = Instant::now();
    let orders = place(&platform, ORDERS, WINDOW).await;
    platform.orders.kill().await.unwrap();
    platform.publish_all(&payments(&orders)).await;
    stored_in_time(begin);
    platform.nats.kill().await.unwrap();
    // With Postgres alone, and a sweeper that looks at it.
    platform.orders.restart().await.unwrap();
    passed(begin, WINDOW + SWEPT).await;
    let unpaid: i64 = sqlx::query_scalar("select count(*) from orders where status = 'created'")
        .fetch_one(&platform.pool)
        .await
        .unwrap();
    assert_eq!(unpaid, ORDERS as i64, "swept while the broker was away");
    platform.nats.restart().await.unwrap();
    platform.publish_all(&expirations(&orders)).await;
    decided(&platform, ORDERS, 0, 60 * SECOND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_in_time_while_both_replicas_were_away_is_complete() {
    let platform = Platform::start("15m").await;
    let replica = platform.replica().await;
    let begin = Instant::now();
    let orders = place(&platform, ORDERS, WINDOW).await;
    let payments = payments(&orders);
    platform.publish_all(&payments[..ORDERS / 3]).await;
    platform.orders.terminate().unwrap();
    replica.kill().await.unwrap();
    platform.publish_all(&payments[ORDERS / 3..]).await;
    stored_in_time(begin);
    platform.orders.wait_exit(READY).await.unwrap();
    passed(begin, WINDOW).await;
    platform.publish_all(&expirations(&orders)).await;
    platform.orders.restart().await.unwrap();
    replica.restart().await.unwrap();
    decided(&platform, ORDERS, 0, 60 * SECOND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_in_time_behind_20000_payments_of_unknown_orders_is_complete_and_they_are_owed() {
    const STRAYS: usize = 20_000;
    let platform = Platform::start("15m").await;
    platform.orders.kill().await.unwrap();
    let strays: Vec<Id> = (0..STRAYS).map(|nth| id(&format!("nobody-{nth}"))).collect();
    platform.publish_all(&payments(&strays)).await;
    let begin = Instant::now();
    let orders = place(&platform, ORDERS, WINDOW).await;
    platform.publish_all(&payments(&orders)).await;
    stored_in_time(begin);
    passed(begin, WINDOW).await;
    platform.publish_all(&expirations(&orders)).await;
    platform.orders.restart().await.unwrap();
    decided(&platform, ORDERS, 0, 60 * SECOND).await;
    eventually("the strays are kept", 60 * SECOND, async || {
        let owed: i64 = sqlx::query_scalar("select count(*) from rejected_payments where settled_at is null")
            .fetch_one(&platform.pool)
            .await
            .map_err(|error| error.to_string())?;
        if owed == STRAYS as i64 { Ok(()) } else { Err(format!("{owed} owed")) }
    })
    .await;
    let metric = format!("orders_payments_unsettled {STRAYS}");
    eventually("the metric says so", READY, async || {
        let metrics = platform.orders.get("/metrics").await.map_err(|error| format!("{error:#}"))?.1;
        if metrics.lines().any(|line| line == metric) { Ok(()) } else { Err(metrics) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unpaid_orders_are_cancelled_on_time_while_payments_flow() {
    let platform = Platform::start("15m").await;
    let paid = place(&platform, ORDERS, Duration::from_secs(900)).await;
    let unpaid = place(&platform, ORDERS, 3 * SECOND).await;
    let begin = Instant::now();
    let paying = async {
        for order in &paid {
            platform.publish(&payment(order)).await;
            tokio::task::yield_now().await;
        }
        // And on, until all of it is over: each is told that it is not the first.
        while begin.elapsed() < 6 * SECOND {
            platform.publish(&payment(&paid[0])).await;
        }
    };
    let expiring = async {
        passed(begin, 3 * SECOND).await;
        platform.publish_all(&expirations(&unpaid)).await;
    };
    tokio::join!(paying, expiring);
    decided(&platform, ORDERS, ORDERS, 30 * SECOND).await;
    let latest = platform.latest().await;
    assert!(latest < 3 * SECOND, "{latest:?} late");
}

/// A handler of payments that gets on when it is told to.
#[derive(Debug)]
struct Stuck(CancellationToken);

impl Handler for Stuck {
    type Event = PaymentCreated;

    async fn handle(&self, batch: &[Delivery<PaymentCreated>]) -> Result<Vec<Outcome>, BatchError> {
        self.0.cancelled().await;
        Ok(vec![Outcome::Done; batch.len()])
    }
}

async fn stands(watermarks: &Watermarks, what: &str, is_it: impl Fn(Watermark) -> bool) {
    eventually(what, READY, async || match watermarks.current() {
        watermark if is_it(watermark) => Ok(()),
        watermark => Err(format!("{watermark:?}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_that_do_not_get_on_hold_seats_for_no_longer_than_the_bound_and_then_again_when_they_do() {
    let (nats, world) = (Nats::start().await.unwrap(), World::new().await);
    let (health, stop, free) = (Health::new(), CancellationToken::new(), CancellationToken::new());
    let settings = crate::platform::nats_settings(&nats);
    let broker = Broker::connect(common::Service::Orders, &settings, &health).await.unwrap();
    let consumer = broker.consumer(Stuck(free.clone()), ConsumerOptions::default());
    let consuming = tokio::spawn(consumer.run(stop.clone()));
    let (sampler, watermarks) = Sampler::new(broker.clone(), world.store.clone());
    let sampler = sampler.with_longest_hold(2 * SECOND);
    let sampling = tokio::spawn(sampler.run(health.register_loop("sampler", READY), stop.clone()));
    stands(&watermarks, "without payments it moves", |it| matches!(it, Watermark::At(_))).await;

    let order = world.order(crate::world::QUARTER).await;
    crate::platform::publish(&nats, &payment(&order.id)).await;
    let Watermark::At(held) = watermarks.current() else { panic!("{watermarks:?}") };
    let held_at = Instant::now();
    stands(&watermarks, "it is waived in the end", |it| it == Watermark::Waived).await;
    assert!(held_at.elapsed() >= SECOND, "after {:?}", held_at.elapsed());
    // Nobody can say whether it is paid, and its seat is free for others.
    world.backdate(&order.id, SECOND).await;
    let handler = OnExpirationComplete { store: world.store.clone(), watermarks: watermarks.clone() };
    let expiration = ExpirationComplete { order_id: order.id.clone() };
    let delivery = Delivery {
        event: expiration,
        traceparent: None,
        sequence: 1,
        delivered: 1,
        stored_at_ms: 0,
        claim: None,
    };
    assert_eq!(handler.handle(&[delivery]).await.unwrap(), [Outcome::Done]);
    assert_eq!(world.row(&order.id).await.status, "cancelled");
    free.cancel();
    stands(&watermarks, "it moves again", |it| matches!(it, Watermark::At(at) if at > held)).await;
    stop.cancel();
    consuming.await.unwrap();
    sampling.await.unwrap();
}

#[tokio::test]
async fn what_else_is_in_the_stream_behind_the_last_payment_holds_nothing_up() {
    let (nats, world) = (Nats::start().await.unwrap(), World::new().await);
    let (health, stop) = (Health::new(), CancellationToken::new());
    let broker = Broker::connect(common::Service::Orders, &crate::platform::nats_settings(&nats), &health)
        .await
        .unwrap();
    let consumer =
        broker.consumer(orders::handlers::OnPaymentCreated(world.store.clone()), ConsumerOptions::default());
    let consuming = tokio::spawn(consumer.run(stop.clone()));
    let (sampler, watermarks) = Sampler::new(broker.clone(), world.store.clone());
    let sampling = tokio::spawn(sampler.run(health.register_loop("sampler", READY), stop.clone()));
    let order = world.order(crate::world::QUARTER).await;
    let paid = payment(&order.id);
    crate::platform::publish(&nats, &paid).await;
    let PaymentCreated { id, order_id, stripe_id } = paid;
    let outcome = SettledOutcome::Captured;
    crate::platform::publish(&nats, &PaymentSettled { id, order_id, stripe_id, outcome }).await;
    let now = world.store.now().await.unwrap();
    stands(&watermarks, "it moves past both", |it| matches!(it, Watermark::At(at) if at > now)).await;
    stop.cancel();
    consuming.await.unwrap();
    sampling.await.unwrap();
}
