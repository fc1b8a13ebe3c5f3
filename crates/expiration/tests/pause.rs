//! A pause: what the script obeys, against a Redis of its own.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::time::Duration;

use common::{
    clock,
    event::{Id, Timestamp},
    internal::{Pause, PauseState},
};
use expiration::schedule::{Claim, ClaimOptions, Claimed, Job, LONGEST_PAUSE, PauseAnswer, Schedule};
use testkit::{Redis, eventually};

const LONG: Duration = Duration::from_secs(60);
const HOUR_MS: i64 = 3_600_000;
const DUE: &str = "{test:order:expiration}:due";
const PAUSE: &str = "{test:order:expiration}:pause";

struct World {
    redis: Redis,
    schedule: Schedule,
}

impl World {
    async fn start() -> Self {
        let redis = Redis::start().await.unwrap();
        let schedule = Schedule::new(&redis.url(), "test").unwrap().for_worker("worker-1");
        Self { redis, schedule }
    }

    /// Timers that are due in so many ms.
    async fn jobs(&self, count: usize, in_ms: i64) -> Vec<Job> {
        let due_ms = clock::now_ms() + in_ms;
        let jobs: Vec<Job> = (0..count).map(|_| Job { id: Id::generate(), due_ms }).collect();
        self.schedule.schedule(&jobs).await.unwrap();
        jobs
    }

    async fn pause(&self, for_ms: i64, rate: Option<u32>) -> PauseAnswer {
        let until = Timestamp::from_millis(clock::now_ms() + for_ms);
        self.schedule.pause(&Pause { until, rate, by: "ann".to_owned() }).await.unwrap()
    }

    async fn claim(&self, limit: usize) -> Claimed {
        let options = ClaimOptions { limit, fresh: limit / 5, ahead: Duration::ZERO };
        self.schedule.claim(options).await.unwrap()
    }

    async fn claims_nothing(&self) -> Duration {
        let claimed = self.claim(100).await;
        assert!(claimed.claim.is_none(), "{claimed:?}");
        claimed.wait.unwrap()
    }

    async fn is_over(&self) -> bool {
        !self.command::<bool>(&["EXISTS", PAUSE]).await
    }

    async fn state(&self) -> Option<PauseState> {
        self.schedule.state().await.unwrap().pause
    }

    async fn command<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        let mut connection = self.redis.connect().await.unwrap();
        redis::cmd(command[0]).arg(&command[1..]).query_async(&mut connection).await.unwrap()
    }
}

fn count(claimed: &Claimed) -> usize {
    claimed.claim.as_ref().map_or(0, |claim| claim.jobs.len())
}

#[tokio::test]
async fn in_a_pause_nothing_is_claimed_and_afterwards_all_of_it() {
    let world = World::start().await;
    world.jobs(10, -1_000).await;
    assert_eq!(world.pause(HOUR_MS, None).await, PauseAnswer::Paused);
    let wait = world.claims_nothing().await;
    assert!(wait > Duration::from_secs(3_500) && wait <= Duration::from_secs(3_600), "{wait:?}");
    world.jobs(5, -1).await;
    world.claims_nothing().await;
    assert!(world.schedule.resume(None).await.unwrap());
    assert!(world.is_over().await);
    assert_eq!(count(&world.claim(100).await), 15);
    assert!(!world.schedule.resume(None).await.unwrap(), "there is nothing to resume");
}

#[tokio::test]
async fn a_pause_ends_by_itself_and_leaves_nothing_behind() {
    let world = World::start().await;
    world.jobs(10, -1_000).await;
    world.pause(300, None).await;
    let wait = world.claims_nothing().await;
    assert!(wait <= Duration::from_millis(300), "{wait:?}");
    eventually("it is over", LONG, async || match count(&world.claim(100).await) {
        10 => Ok(()),
        other => Err(format!("{other} claimed")),
    })
    .await;
    assert!(world.is_over().await && world.state().await.is_none());
}

#[tokio::test]
async fn what_is_in_a_workers_hands_when_a_pause_begins_goes_on_and_what_a_dead_one_had_waits() {
    let world = World::start().await;
    world.jobs(3, -1_000).await;
    let held = world.claim(100).await.claim.unwrap();
    let lapsing = world.schedule.clone().with_lease(Duration::from_millis(50));
    world.jobs(2, -1_000).await;
    let lost = lapsing.claim_due(10, clock::now_ms()).await.unwrap().claim.unwrap();
    world.pause(HOUR_MS, None).await;
    assert_eq!(world.schedule.complete(&held).await.unwrap(), 3, "it is stored, and is completed");
    eventually("the claim of the dead worker lapses", LONG, async || {
        let due = world.schedule.state().await.unwrap().due;
        (due == 2).then_some(()).ok_or(format!("{due} are due"))
    })
    .await;
    world.claims_nothing().await;
    world.schedule.resume(None).await.unwrap();
    let again = world.claim(100).await.claim.unwrap();
    assert_eq!(ids(&again), ids(&lost));
}

fn ids(claim: &Claim) -> Vec<&Id> {
    let mut ids: Vec<&Id> = claim.jobs.iter().map(|job| &job.id).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn jobs_that_are_given_back_in_a_pause_wait_with_the_others() {
    let world = World::start().await;
    world.jobs(4, -1_000).await;
    let held = world.claim(100).await.claim.unwrap();
    world.pause(HOUR_MS, None).await;
    let all: Vec<&Job> = held.jobs.iter().collect();
    assert_eq!(world.schedule.release(&held, &all).await.unwrap(), 4);
    world.claims_nothing().await;
    assert_eq!(world.state().await.unwrap().waiting, 4);
}

#[tokio::test]
async fn a_pause_tells_who_since_when_how_many_wait_and_how_many_will() {
    let world = World::start().await;
    world.jobs(7, -2_000).await;
    world.jobs(5, HOUR_MS / 2).await;
    world.jobs(3, 2 * HOUR_MS).await;
    // In hand, and its claim lapses before the pause ends: it does not wait.
    world.jobs(2, -5_000).await;
    let held = world.claim(2).await.claim.unwrap();
    assert_eq!(held.jobs.len(), 2);
    world.pause(HOUR_MS, Some(50)).await;
    let first = world.state().await.unwrap();
    assert_eq!((first.paused, first.rate, first.by.as_str()), (true, Some(50), "ann"));
    assert_eq!((first.waiting, first.falling_due), (7, 5));
    let whole = world.schedule.state().await.unwrap();
    assert_eq!((whole.timers, whole.pending, whole.due, whole.claimed, whole.overdue), (17, 8, 7, 2, 7));
    assert!(whole.oldest_due_age_ms >= 2_000, "{whole:?}");

    world.pause(2 * HOUR_MS + HOUR_MS / 2, None).await;
    let second = world.state().await.unwrap();
    assert_eq!(second.since, first.since, "it goes on");
    assert!(second.until > first.until && second.rate.is_none());
    assert_eq!((second.waiting, second.falling_due), (7, 8));

    let seen = world.schedule.waiting().await.unwrap().unwrap();
    assert_eq!((seen.paused, seen.waiting, seen.until), (true, 7, second.until));
}

#[tokio::test]
async fn a_pause_that_makes_no_sense_changes_nothing() {
    let world = World::start().await;
    assert_eq!(world.pause(-1_000, None).await, PauseAnswer::Past);
    let longest_ms = i64::try_from(LONGEST_PAUSE.as_millis()).unwrap();
    assert_eq!(world.pause(longest_ms + 60_000, None).await, PauseAnswer::TooFar);
    assert!(world.is_over().await);
    world.pause(HOUR_MS, Some(7)).await;
    assert_eq!(world.pause(-1_000, None).await, PauseAnswer::Past);
    assert_eq!(world.state().await.unwrap().rate, Some(7), "the first one holds");
}

/// How many wait, and what time it is in Redis, in one look.
async fn left(world: &World) -> (i64, i64) {
    const LOOK: &str = "local t = redis.call('TIME')
        local ends = redis.call('HGET', KEYS[2], 'until')
        local left = ends and redis.call('ZCOUNT', KEYS[1], '-inf', ends) or 0
        return { t[1] * 1000000 + t[2], left }";
    world.command(&["EVAL", LOOK, "2", DUE, PAUSE]).await
}

#[tokio::test]
async fn what_waited_is_claimed_at_the_rate_by_all_workers_together() {
    const RATE: u32 = 500;
    const BURST: i64 = 50;
    let world = World::start().await;
    let jobs = world.jobs(1_000, -1_000).await;
    world.pause(HOUR_MS, None).await;
    world.schedule.resume(Some(RATE)).await.unwrap();
    let workers: Vec<_> = (0..3)
        .map(|number| {
            let schedule = world.schedule.clone().for_worker(&format!("worker-{number}"));
            tokio::spawn(async move {
                let mut claimed = Vec::new();
                while schedule.head().await.unwrap().jobs > 0 {
                    let options = ClaimOptions { limit: 40, fresh: 8, ahead: Duration::ZERO };
                    // Sooner than it is told to: the rate does not depend on how patient workers are.
                    if let Some(claim) = schedule.claim(options).await.unwrap().claim {
                        schedule.complete(&claim).await.unwrap();
                        claimed.extend(claim.jobs.into_iter().map(|job| job.id));
                    }
                }
                claimed
            })
        })
        .collect();
    let mut looks = vec![left(&world).await];
    while looks.last().is_some_and(|(_, left)| *left > 0) {
        let look = left(&world).await;
        if looks.last().is_some_and(|(_, left)| *left != look.1) {
            looks.push(look);
        }
    }
    for (index, (begin_us, before)) in looks.iter().enumerate() {
        for (end_us, after) in &looks[index..] {
            let (took_us, claimed) = (end_us - begin_us, before - after);
            let most = took_us * i64::from(RATE) / 1_000_000 + BURST + 1;
            assert!(claimed <= most, "{claimed} in {took_us} us, of at most {most}");
        }
    }
    let mut claimed = Vec::new();
    for worker in workers {
        claimed.extend(worker.await.unwrap());
    }
    claimed.sort_unstable();
    let mut all: Vec<Id> = jobs.into_iter().map(|job| job.id).collect();
    all.sort_unstable();
    assert_eq!(claimed, all, "each once");
    world.claim(1).await;
    assert!(world.is_over().await, "nothing that waited is left");
}

#[tokio::test]
async fn what_nobody_claimed_for_long_is_not_claimed_in_one_burst() {
    let world = World::start().await;
    world.jobs(500, -1_000).await;
    world.pause(HOUR_MS, None).await;
    world.schedule.resume(Some(100)).await.unwrap();
    // As if no worker had been there for a minute.
    let minute_ago = (clock::now_ms() - 60_000).to_string();
    world.command::<()>(&["HSET", PAUSE, "from", &minute_ago]).await;
    assert_eq!(count(&world.claim(400).await), 10, "what a tenth of a second gives");
    let next = count(&world.claim(400).await);
    assert!(next <= 10, "{next} at once after it");
    // What was earned at the old rate does not count against the new one.
    assert!(world.schedule.resume(Some(5)).await.unwrap());
    eventually("it goes on at the new rate", LONG, async || {
        let claimed = count(&world.claim(400).await);
        assert!(claimed <= 1, "{claimed} at once at five a second");
        (claimed == 1).then_some(()).ok_or("nothing".to_owned())
    })
    .await;
}

#[tokio::test]
async fn what_falls_due_after_a_pause_is_claimed_at_once_and_not_behind_those_that_waited() {
    let world = World::start().await;
    world.jobs(200, -1_000).await;
    world.pause(HOUR_MS, None).await;
    world.schedule.resume(Some(1)).await.unwrap();
    let later = world.jobs(50, 20).await;
    let mut seen = Vec::new();
    eventually("those that fall due later are claimed", LONG, async || {
        let claimed = world.claim(100).await;
        assert!(claimed.wait.unwrap() <= Duration::from_secs(1), "the rate is told: {:?}", claimed.wait);
        seen.extend(claimed.claim.into_iter().flat_map(|claim| claim.jobs));
        let fresh = seen.iter().filter(|job| later.contains(job)).count();
        (fresh == 50).then_some(()).ok_or(format!("{fresh} of 50"))
    })
    .await;
    let state = world.state().await.unwrap();
    assert!(!state.paused && state.rate == Some(1) && state.waiting >= 190, "{state:?}");
    assert_eq!((state.falling_due, state.by.as_str()), (0, "ann"));
}

#[tokio::test]
async fn a_slow_rate_moves_on_and_can_be_changed_half_way() {
    let world = World::start().await;
    world.jobs(30, -1_000).await;
    world.pause(200, Some(5)).await;
    let mut claimed = 0;
    eventually("two of them at five a second", LONG, async || {
        claimed += count(&world.claim(100).await);
        (claimed >= 2).then_some(()).ok_or(format!("{claimed} claimed"))
    })
    .await;
    assert!(claimed < 30, "{claimed}");
    assert!(world.schedule.resume(None).await.unwrap(), "as fast as can be, from now on");
    assert_eq!(count(&world.claim(100).await), 30 - claimed);
    assert!(world.is_over().await);
}

#[tokio::test]
async fn an_operator_can_pause_and_resume_a_full_redis() {
    let world = World::start().await;
    world.jobs(10, -1_000).await;
    world.command::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await;
    assert_eq!(world.pause(HOUR_MS, None).await, PauseAnswer::Paused);
    world.claims_nothing().await;
    assert!(world.schedule.resume(Some(1_000_000)).await.unwrap());
    eventually("they fire", LONG, async || match count(&world.claim(100).await) {
        10 => Ok(()),
        other => Err(format!("{other} claimed")),
    })
    .await;
}
