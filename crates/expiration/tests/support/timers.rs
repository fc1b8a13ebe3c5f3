//! A Redis of a test's own with a schedule in it, for what operators see and change.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    reason = "each test file uses its part, and a test that can't go on fails"
)]

use common::{
    clock,
    event::{Id, Timestamp},
    internal::{MoveTimer, Timer},
};
use expiration::schedule::{Claim, Job, PageQuery, Schedule};
use testkit::Redis;

pub const HOUR_MS: i64 = 3_600_000;
const DUE: &str = "{test:order:expiration}:due";
pub const ALL: PageQuery<'static> = PageQuery { from_ms: 0, to_ms: i64::MAX, after: None, limit: 1_000 };

pub struct World {
    pub redis: Redis,
    pub schedule: Schedule,
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// One that a restart leaves as it is.
    pub async fn persistent() -> Self {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"]).await
    }

    async fn start_with(arguments: &[&str]) -> Self {
        let redis = Redis::start_with(arguments).await.unwrap();
        let schedule = Schedule::new(&redis.url(), "test").unwrap().for_worker("worker-1");
        Self { redis, schedule }
    }

    pub async fn job(&self, in_ms: i64) -> Job {
        let job = Job { id: Id::generate(), due_ms: clock::now_ms() + in_ms };
        self.schedule.schedule(std::slice::from_ref(&job)).await.unwrap();
        job
    }

    pub async fn claim(&self) -> Claim {
        self.schedule.claim_due(100, clock::now_ms()).await.unwrap().claim.unwrap()
    }

    pub async fn find(&self, id: &Id) -> Timer {
        self.schedule.find(id).await.unwrap().unwrap()
    }

    pub async fn command<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        let mut connection = self.redis.connect().await.unwrap();
        redis::cmd(command[0]).arg(&command[1..]).query_async(&mut connection).await.unwrap()
    }

    /// So many timers at one instant each.
    pub async fn fill(&self, count: usize, due_ms: i64, step_ms: usize) {
        const FILL: &str = "for i = 1, ARGV[1] do
            redis.call('ZADD', KEYS[1], ARGV[2] + i * ARGV[3], string.format('%024x', i))
        end";
        let (count, due_ms, step_ms) = (count.to_string(), due_ms.to_string(), step_ms.to_string());
        self.command::<()>(&["EVAL", FILL, "1", DUE, &count, &due_ms, &step_ms]).await;
    }
}

/// The id of the timer that [`World::fill`] made with this number.
pub fn filled(number: usize) -> Id {
    format!("{number:024x}").parse().unwrap()
}

pub fn to(id: &Id, ms: i64) -> MoveTimer {
    MoveTimer { id: id.clone(), to: Timestamp::from_millis(ms) }
}
