//! Random histories of orders with losses of Redis anywhere: afterwards the schedule is what a straightforward model says.

use std::collections::BTreeSet;

use common::event::Id;
use proptest::{prelude::*, test_runner::TestRunner};
use testkit::{Nats, Redis};

use crate::{
    model::{Model, Told, scheduled},
    support::{CHECKPOINT, DUE_KEY, World, in_ms},
    worker::Worker,
};

const ORDERS: usize = 12;
const HOUR_MS: i64 = 3_600_000;
const KEYS: [&str; 2] = [DUE_KEY, CHECKPOINT];

#[derive(Clone, Debug)]
enum Step {
    Tell(Told),
    /// The checkpoint is at the end of the streams again, by a rebuild if need be.
    Settle,
    /// What Redis has is written to its disk.
    Save,
    /// Redis goes back to what it had saved, in another run.
    GoBack,
    Wipe,
    /// Redis was restarted and has lost nothing.
    Restart,
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    let order = 0..ORDERS;
    let later = 1i64..20;
    let poison = prop::sample::select(vec![
        "order:created",
        "order:extended",
        "order:cancelled",
        "expiration:complete",
    ]);
    let told = prop_oneof![
        // Some are past: nothing fires here. Told again, an order has the same due time.
        6 => order.clone().prop_map(|order| Told::Created { order, due_ms: due_in_hours(order) }),
        3 => (order.clone(), later).prop_map(|(order, hours)| {
            Told::Extended { order, due_ms: due_in_hours(order) + hours }
        }),
        2 => order.clone().prop_map(|order| Told::Cancelled { order }),
        2 => order.prop_map(|order| Told::Fired { order }),
        1 => poison.prop_map(|subject| Told::Poison { subject }),
    ];
    prop_oneof![
        20 => told.prop_map(Step::Tell),
        2 => Just(Step::Settle),
        3 => Just(Step::Save),
        3 => Just(Step::GoBack),
        1 => Just(Step::Wipe),
        1 => Just(Step::Restart),
        1 => Just(Step::Forget),
    ]
}

fn due_in_hours(order: usize) -> i64 {
    order as i64 * 2 - 5
}

#[test]
fn after_any_history_and_any_loss_of_redis_the_schedule_is_what_the_events_say() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (nats, redis) = runtime.block_on(async {
        // So that a test may give the server another run.
        (Nats::start().await.unwrap(), Redis::start_with(&["--enable-debug-command", "yes"]).await.unwrap())
    });
    let world = runtime.block_on(World::of(nats, redis));
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        max_shrink_iters: 40,
        ..ProptestConfig::default()
    });
    runner
        .run(&prop::collection::vec(step(), 1..50), |steps| {
            runtime.block_on(check(&world, &steps));
            Ok(())
        })
        .unwrap();
}

async fn check(world: &World, steps: &[Step]) {
    world.recreate_streams().await;
    world.redis_command::<()>(&["FLUSHALL"]).await;
    let worker = Worker::idle(&world.nats, &world.redis.url(), "worker-1").await.listening().rebuilding();
    let (mut model, now_ms) = (Model::of(ORDERS), in_ms(0));
    let mut saved: Vec<Option<redis::Value>> = vec![None, None];
    let mut fired_since = BTreeSet::new();
    let mut may_be_back = BTreeSet::new();
    for step in steps {
        match step {
            Step::Tell(told) => {
                let told = told.clone().at(now_ms);
                if let Told::Cancelled { .. } | Told::Fired { .. } = told {
                    // Each has a consumer of its own: this one must not overtake. And nothing fires that is not scheduled.
                    worker.has_taken_everything().await;
                }
                // If one is needed, it begins just now.
                worker.watch.ask();
                let before = worker.is_rebuilding().await;
                model.tell(world, &told).await;
                if let Told::Fired { order } = told {
                    // As the relay removes it, once its expiration is stored.
                    world.redis_command::<()>(&["ZREM", KEYS[0], model.id(order).as_str()]).await;
                    fired_since.insert(model.id(order).clone());
                    // A rebuild that had looked before at what has fired adds it once more. Published again, it is a duplicate.
                    if before || worker.is_rebuilding().await {
                        may_be_back.insert(model.id(order).clone());
                    }
                }
            }
            Step::Settle => drop(worker.holds().await),
            Step::Save => {
                saved = save(world).await;
                fired_since.clear();
            }
            Step::GoBack => {
                go_back(world, &saved).await;
                may_be_back.extend(fired_since.iter().cloned());
            }
            Step::Wipe => world.redis_command(&["FLUSHALL"]).await,
            Step::Restart => world.redis_command(&["DEBUG", "CHANGE-REPL-ID"]).await,
            Step::Forget => drop(worker.schedule.forget_checkpoint().await.unwrap()),
        }
    }
    worker.has_taken_everything().await;
    worker.holds().await;
    compare(&model, world, &may_be_back).await;
    worker.stop().await;
}

impl Told {
    /// With hours from now on made instants.
    fn at(self, now_ms: i64) -> Self {
        let at = |hours: i64| now_ms + hours * HOUR_MS;
        match self {
            Self::Created { order, due_ms } => Self::Created { order, due_ms: at(due_ms) },
            Self::Extended { order, due_ms } => Self::Extended { order, due_ms: at(due_ms) },
            other => other,
        }
    }
}

/// What a disk has is of one moment: in one transaction, since a rebuild may write both.
async fn save(world: &World) -> Vec<Option<redis::Value>> {
    let mut all = redis::pipe();
    all.atomic();
    for key in KEYS {
        all.cmd("DUMP").arg(key);
    }
    let mut connection = world.redis.connect().await.unwrap();
    all.query_async(&mut connection).await.unwrap()
}

/// A crash that takes the newest writes: one transaction, since nobody sees a part of it.
async fn go_back(world: &World, saved: &[Option<redis::Value>]) {
    let mut all = redis::pipe();
    all.atomic().cmd("FLUSHALL").ignore();
    for (key, dump) in KEYS.iter().zip(saved) {
        if let Some(redis::Value::BulkString(dump)) = dump {
            all.cmd("RESTORE").arg(key).arg(0).arg(dump.as_slice()).ignore();
        }
    }
    all.cmd("DEBUG").arg("CHANGE-REPL-ID").ignore();
    let mut connection = world.redis.connect().await.unwrap();
    all.query_async::<()>(&mut connection).await.unwrap();
}

/// What fired after the moment to which Redis went back is in the schedule again, and nothing but its cancellation removes it.
async fn compare(model: &Model, world: &World, may_be_back: &BTreeSet<Id>) {
    let expected = model.timers();
    let mut found = scheduled(world).await;
    found.retain(|id, _| expected.contains_key(id) || !may_be_back.contains(id));
    assert_eq!(found, expected);
}
