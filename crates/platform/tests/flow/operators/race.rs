//! Ten thousand acts that race on the same orders: one outcome each, and the money follows.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use chrono::{DateTime, Utc};
use common::{
    Service, clock,
    event::{Event, OrderCancelled, OrderCompleted, OrderExtended, PaymentCreated, Timestamp},
    internal::ScheduleState,
};
use futures_util::{StreamExt as _, future::join_all, stream};
use sqlx::PgConnection;
use testkit::{Dice, eventually, paths};

use super::{
    acts::{Console, Racer},
    start,
};
use crate::{
    people::{Person, client, id},
    race::{check_money, connect, is_settled},
    world::{SOON, World},
};

/// Acts that race, so many at a time on one order, and so many orders at a time.
const ACTS: usize = 10_000;
const AT_ONCE: usize = 8;
const BUSY_ORDERS: usize = 6;
/// Orders are placed while the race goes on, so that so many of them run at any time.
const RUNNING: usize = 48;
const PLACED_TOGETHER: usize = 8;
const WINDOW: Duration = Duration::from_secs(3);
/// A payment that the broker stored so long before the expiry was in time (I10).
const IN_TIME_MS: i64 = 1_000;

/// Orders to race on: more and more of them, until nobody races any more.
#[derive(Default)]
struct Field(Mutex<Vec<Arc<Racer>>>);

impl Field {
    fn all(&self) -> Vec<Arc<Racer>> {
        self.0.lock().unwrap().clone()
    }

    async fn place(&self, buyer: &Person) -> Infallible {
        loop {
            eventually("orders expire", SOON, async || {
                let now_ms = clock::now_ms();
                let runs = |racer: &&Arc<Racer>| racer.promised_ms.load(Ordering::Relaxed) > now_ms;
                let running = self.0.lock().unwrap().iter().filter(runs).count();
                if running < RUNNING { Ok(()) } else { Err(format!("{running} run")) }
            })
            .await;
            let placed = join_all((0..PLACED_TOGETHER).map(async |_| {
                let ticket = buyer.sell("Concert").await;
                buyer.order_soon(&ticket).await
            }));
            for body in placed.await {
                let expires_at = body["expiresAt"].as_str().unwrap().parse().unwrap();
                self.0.lock().unwrap().push(Arc::new(Racer::new(id(&body), expires_at)));
            }
        }
    }

    /// Of some by the dice, the one that is nearest to its expiry.
    async fn pick(&self, dice: &mut Dice) -> Arc<Racer> {
        eventually("an order is placed", SOON, async || {
            let orders = self.0.lock().unwrap();
            let some = (0..16).filter_map(|_| orders.get(dice.below(orders.len().max(1) as u64) as usize));
            some.min_by_key(|racer| racer.distance_ms()).cloned().ok_or_else(|| "none".to_owned())
        })
        .await
    }

    async fn race(&self, console: &Console<'_>, buyer: &Person, seed: u64) {
        let bursts = (0..ACTS / AT_ONCE).map(async |burst| {
            let mut dice = Dice::new(seed.wrapping_add(burst as u64));
            let racer = self.pick(&mut dice).await;
            let act = |_| racer.act(console, buyer, Dice::new(dice.below(u64::MAX)));
            join_all((0..AT_ONCE).map(act)).await;
        });
        stream::iter(bursts).buffer_unordered(BUSY_ORDERS).for_each(async |()| {}).await;
    }
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    version: i64,
    status: String,
    expires_at: DateTime<Utc>,
    cancelled_at: Option<DateTime<Utc>>,
    cancel_reason: Option<String>,
}

async fn row(orders: &mut PgConnection, racer: &Racer) -> Row {
    sqlx::query_as(
        "select version, status, expires_at, cancelled_at, cancel_reason from orders where id = $1",
    )
    .bind(racer.order.as_str())
    .fetch_one(orders)
    .await
    .unwrap()
}

/// Every event of this kind, with the instant at which the broker stored it, in Unix milliseconds.
async fn told<E: Event>(world: &World) -> Vec<(E, i64)> {
    let messages = world.messages(E::SUBJECT).await;
    let read = |message: &async_nats::jetstream::message::StreamMessage| {
        let event = serde_json::from_slice(&message.payload).unwrap();
        (event, (message.time.unix_timestamp_nanos() / 1_000_000) as i64)
    };
    messages.iter().map(read).collect()
}

fn count<T: Ord>(all: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for each in all {
        *counts.entry(each).or_default() += 1;
    }
    counts
}

/// I1 to I5 and I10, order by order. Answers how many came to which end.
async fn check(world: &World, racers: &[Arc<Racer>]) -> BTreeMap<String, usize> {
    let mut orders = connect(world, Service::Orders).await;
    let cancelled = count(told::<OrderCancelled>(world).await.into_iter().map(|(event, _)| event.id));
    let completed = count(told::<OrderCompleted>(world).await.into_iter().map(|(event, _)| event.id));
    let mut extended: BTreeMap<_, BTreeSet<i64>> = BTreeMap::new();
    for (event, _) in told::<OrderExtended>(world).await {
        let is_new = extended.entry(event.id.clone()).or_default().insert(event.expires_at.as_millis());
        assert!(is_new, "{event:?} was told twice");
    }
    let mut paid: BTreeMap<_, i64> = BTreeMap::new();
    for (event, at_ms) in told::<PaymentCreated>(world).await {
        let first = paid.entry(event.order_id).or_insert(at_ms);
        *first = at_ms.min(*first);
    }
    let mut ends = Vec::new();
    for racer in racers {
        let order = &racer.order;
        let row = row(&mut orders, racer).await;
        let is_complete = row.status == "complete";
        assert_eq!(row.version, 1, "{order}: {row:?}");
        let events = (completed.get(order).copied(), cancelled.get(order).copied());
        assert_eq!(events, if is_complete { (Some(1), None) } else { (None, Some(1)) }, "{order}: {row:?}");
        // What was answered holds, and is told.
        let expires_ms = Timestamp::from(row.expires_at).as_millis();
        assert_eq!(expires_ms, racer.promised_ms.load(Ordering::Relaxed), "{order}: {row:?}");
        let given = racer.extensions.lock().unwrap().clone();
        assert_eq!(extended.remove(order).unwrap_or_default(), given, "{order}: what was told, and answered");
        let by_operators = racer.cancelled.load(Ordering::Relaxed);
        let reason = row.cancel_reason.clone().unwrap_or_else(|| "complete".to_owned());
        assert_eq!(by_operators, usize::from(reason == "operator"), "{order}: {row:?}");
        if reason == "expired" {
            assert!(row.cancelled_at.unwrap() >= row.expires_at, "{order} is early: {row:?}");
            let in_time = paid.get(order).is_some_and(|at_ms| at_ms + IN_TIME_MS <= expires_ms);
            assert!(!in_time, "{order} was paid in time: {row:?}");
        }
        ends.push(reason);
    }
    assert_eq!(extended, BTreeMap::new(), "orders that nobody extended");
    count(ends)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_acts_that_race_on_the_same_orders_leave_one_outcome_each_and_the_money_is_right() {
    let seed = clock::now_ms().unsigned_abs();
    // The first thing that a failure needs.
    paths::say(&format!("seed {seed}"));
    let world = start(WINDOW, 1).await;
    let console = Console { client: client(), fleet: &world.platform };
    let buyer = Person::sign_up(&world.platform, "ada").await;
    let field = Field::default();
    tokio::select! {
        () = field.race(&console, &buyer, seed) => {}
        never = field.place(&buyer) => match never {},
    }
    is_settled(&world, SOON).await;
    eventually("no timer is left", SOON, async || {
        let schedule: ScheduleState = console.get(Service::Expiration, "/internal/schedule").await;
        if schedule.timers == 0 { Ok(()) } else { Err(format!("{schedule:?}")) }
    })
    .await;
    let racers = field.all();
    let ends = check(&world, &racers).await;
    paths::say(&format!("{ends:?}"));
    for end in ["complete", "expired", "operator"] {
        assert!(ends.contains_key(end), "nothing raced for {end}: {ends:?}");
    }
    let extended = racers.iter().filter(|racer| !racer.extensions.lock().unwrap().is_empty()).count();
    assert!(extended > 0, "no order was extended");
    check_money(&world).await;
}
