//! The rules of the schedule, each against a Redis of its own.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use common::{clock, event::Id};
use expiration::schedule::{Claim, ClaimOptions, Job, LEASE, Schedule, ServerFacts};
use testkit::{Redis, eventually};

const FAR: i64 = 1 << 42;

async fn schedule_on(redis: &Redis) -> Schedule {
    Schedule::new(&redis.url(), "test").unwrap()
}

fn job(due_ms: i64) -> Job {
    Job { id: Id::generate(), due_ms }
}

async fn claim(schedule: &Schedule, limit: usize) -> Claim {
    schedule.claim_due(limit, FAR).await.unwrap().claim.expect("something is due")
}

async fn claims_nothing(schedule: &Schedule) -> Option<Duration> {
    let claimed = schedule.claim_due(10, FAR).await.unwrap();
    assert!(claimed.claim.is_none(), "claimed {:?}", claimed.claim);
    claimed.wait
}

fn ids(claim: &Claim) -> HashSet<Id> {
    claim.jobs.iter().map(|job| job.id.clone()).collect()
}

#[tokio::test]
async fn scheduling_an_order_again_never_moves_its_timer() {
    let redis = Redis::start().await.unwrap();
    let schedule = schedule_on(&redis).await;
    let first = job(clock::now_ms() + 3_600_000);
    assert_eq!(schedule.schedule(std::slice::from_ref(&first)).await.unwrap(), 1);
    for due_ms in [0, 5, FAR] {
        assert_eq!(schedule.schedule(&[Job { due_ms, ..first.clone() }]).await.unwrap(), 0);
    }
    assert_eq!(schedule.head().await.unwrap().due_ms, Some(first.due_ms));
}

#[tokio::test]
async fn a_job_is_due_only_when_both_clocks_say_so() {
    let redis = Redis::start().await.unwrap();
    let schedule = schedule_on(&redis).await;
    let now = clock::now_ms();
    schedule.schedule(&[job(now - 1_000), job(now + 3_600_000)]).await.unwrap();

    let behind = schedule.claim_due(10, now - 1_001).await.unwrap();
    assert!(behind.claim.is_none(), "this worker's clock has not reached it: {behind:?}");
    assert_eq!(behind.wait, Some(Duration::from_millis(1)));

    let ahead = schedule.claim_due(10, FAR).await.unwrap();
    assert_eq!(ahead.claim.unwrap().jobs.len(), 1, "Redis' clock has not reached the second one");
}

#[tokio::test]
async fn an_empty_schedule_tells_no_time_to_wait() {
    let redis = Redis::start().await.unwrap();
    assert_eq!(claims_nothing(&schedule_on(&redis).await).await, None);
}

#[tokio::test]
async fn claims_take_the_longest_due_first_and_never_share_a_job_or_a_score() {
    let redis = Redis::start().await.unwrap();
    let schedule = schedule_on(&redis).await;
    let jobs: Vec<Job> = (0..100).map(|i| job(1_000 + i)).collect();
    schedule.schedule(&jobs).await.unwrap();
    let (a, b) = (claim(&schedule, 60).await, claim(&schedule, 60).await);
    assert_eq!(a.jobs, jobs[..60]);
    assert_eq!(b.jobs, jobs[60..]);
    assert_eq!(schedule.complete(&a).await.unwrap(), 60, "completing one claim touches no other");
    assert_eq!(schedule.complete(&b).await.unwrap(), 40);
    assert_eq!(schedule.head().await.unwrap().jobs, 0);
}

#[tokio::test]
async fn claiming_ahead_takes_what_is_due_within_it_and_tells_the_instant_of_each() {
    let redis = Redis::start().await.unwrap();
    let schedule = schedule_on(&redis).await;
    let now_us = clock::now_us();
    let now_ms = now_us / 1_000;
    let jobs = [job(now_ms - 5), job(now_ms + 40), job(now_ms + 5_000)];
    schedule.schedule(&jobs).await.unwrap();
    let ahead = Duration::from_secs(1);
    let before = Instant::now();
    let claimed = schedule.claim_at(ClaimOptions { limit: 10, fresh: 0, ahead }, now_us).await.unwrap();
    let held = claimed.claim.unwrap();
    assert_eq!(held.jobs, jobs[..2], "what is due later than that stays");
    assert!(held.instant_of(&held.jobs[0]) <= Instant::now(), "due already");
    // By this worker's clock, which was read before Redis' and so is the slower one.
    let left = Duration::from_micros(((now_ms + 40) * 1_000 - now_us).unsigned_abs());
    let instant = held.instant_of(&held.jobs[1]);
    assert!(instant >= before + left, "never early");
    let wait = claimed.wait.unwrap();
    assert!(wait > Duration::from_secs(4) && wait <= Duration::from_secs(5), "{wait:?} to the third");
    let unsent = [&held.jobs[1]];
    assert_eq!(schedule.release(&held, &unsent).await.unwrap(), 1);
    assert_eq!(schedule.head().await.unwrap().due_ms, Some(now_ms + 40), "given back at its own time");
}

#[tokio::test]
async fn claims_of_a_worker_that_died_lapse_after_the_lease_though_redis_clock_is_an_hour_ahead() {
    const HOUR_MS: i64 = 3_600_000;
    let redis = Redis::start().await.unwrap();
    let schedule = schedule_on(&redis).await;
    // Every worker is behind Redis by an hour, which is the same as Redis ahead of all of them.
    let now = clock::now_ms() - HOUR_MS;
    let jobs: Vec<Job> = (0..50).map(|_| job(now - 1_000)).collect();
    schedule.schedule(&jobs).await.unwrap();
    let dead = schedule.claim_due(50, now).await.unwrap().claim.unwrap();
    assert_eq!(dead.jobs.len(), 50);
    let lease = i64::try_from(LEASE.as_millis()).unwrap();
    let held = schedule.claim_due(50, now + lease - 1_000).await.unwrap();
    assert!(held.claim.is_none(), "the lease is not over: {held:?}");
    let taken_over = schedule.claim_due(50, now + lease + 1_000).await.unwrap().claim.unwrap();
    assert_eq!(taken_over.jobs.len(), 50);
}

#[tokio::test]
async fn a_worker_whose_clock_is_behind_has_its_claims_for_the_whole_lease() {
    let redis = Redis::start().await.unwrap();
    let schedule = schedule_on(&redis).await;
    let now = clock::now_ms();
    // Another worker has looked, whose clock is right.
    assert!(schedule.claim_due(1, now).await.unwrap().claim.is_none());
    schedule.schedule(&[job(now - 7_200_000)]).await.unwrap();
    let behind = schedule.claim_due(1, now - 3_600_000).await.unwrap().claim.unwrap();
    assert_eq!(behind.jobs.len(), 1);
    assert!(schedule.claim_due(1, clock::now_ms()).await.unwrap().claim.is_none(), "it is in hand");
    assert_eq!(schedule.complete(&behind).await.unwrap(), 1);
}

#[tokio::test]
async fn a_job_claimed_ahead_waits_for_redis_clock_too_where_that_is_the_slower_one() {
    let redis = Redis::start().await.unwrap();
    let schedule = schedule_on(&redis).await;
    let soon = job(clock::now_ms() + 500);
    schedule.schedule(std::slice::from_ref(&soon)).await.unwrap();
    let asked_at = Instant::now();
    let options = ClaimOptions { limit: 10, fresh: 0, ahead: Duration::from_secs(1) };
    let held = schedule.claim_at(options, FAR * 1_000).await.unwrap().claim.unwrap();
    // Redis' clock is this machine's, read before this one.
    let left_us = soon.due_ms * 1_000 - clock::now_us();
    let instant = held.instant_of(&held.jobs[0]);
    assert!(
        instant >= asked_at + Duration::from_micros(left_us.unsigned_abs()),
        "never early by either clock"
    );
}

#[tokio::test]
async fn a_claim_that_has_not_lapsed_is_not_taken_over_ahead_of_time() {
    let redis = Redis::start().await.unwrap();
    let schedule = schedule_on(&redis).await;
    schedule.schedule(&[job(1_000)]).await.unwrap();
    let held = claim(&schedule, 10).await;
    let soon = job(clock::now_ms() + 1_000);
    schedule.schedule(std::slice::from_ref(&soon)).await.unwrap();
    // An hour reaches beyond the lease.
    let options = ClaimOptions { limit: 10, fresh: 0, ahead: Duration::from_secs(3_600) };
    let ahead = schedule.claim(options).await.unwrap().claim.unwrap();
    assert_eq!(ahead.jobs, [soon]);
    assert_eq!(schedule.complete(&held).await.unwrap(), 1, "it is still the first worker's");
}

#[tokio::test]
async fn while_more_is_due_than_one_claim_takes_a_part_of_each_is_what_became_due_last() {
    let redis = Redis::start().await.unwrap();
    let schedule = schedule_on(&redis).await;
    let jobs: Vec<Job> = (0..25).map(|i| job(1_000 + i)).collect();
    schedule.schedule(&jobs).await.unwrap();
    let options = ClaimOptions { limit: 10, fresh: 3, ahead: Duration::ZERO };
    let due = |claim: &Claim| claim.jobs.iter().map(|job| job.due_ms - 1_000).collect::<Vec<_>>();
    let mut claims = Vec::new();
    while let Some(claim) = schedule.claim(options).await.unwrap().claim {
        claims.push(due(&claim));
    }
    assert_eq!(
        claims,
        [
            vec![0, 1, 2, 3, 4, 5, 6, 22, 23, 24],
            vec![7, 8, 9, 10, 11, 12, 13, 19, 20, 21],
            // No backlog any more.
            vec![14, 15, 16, 17, 18],
        ]
    );
}

#[tokio::test]
async fn a_claimed_job_stays_in_the_schedule_and_is_due_again_after_the_lease() {
    let redis = Redis::start().await.unwrap();
    let schedule = schedule_on(&redis).await.with_lease(Duration::from_millis(80));
    schedule.schedule(&[job(1_000)]).await.unwrap();
    let lost = claim(&schedule, 10).await;
    let wait = claims_nothing(&schedule).await.expect("the claim lapses");
    assert!(wait <= Duration::from_millis(81), "{wait:?}");
    assert_eq!(schedule.head().await.unwrap().jobs, 1);

    let again = eventually("the claim lapses", Duration::from_secs(5), async || {
        let claimed = schedule.claim_due(10, FAR).await.unwrap();
        claimed.claim.ok_or(format!("{:?} to wait", claimed.wait))
    })
    .await;
    assert_eq!(ids(&again), ids(&lost));
    assert!(again.jobs[0].due_ms >= lost.jobs[0].due_ms, "what replaces a lost due time is never earlier");

    let sleeper = lost.jobs.iter().collect::<Vec<_>>();
    assert_eq!(
        schedule.complete(&lost).await.unwrap(),
        0,
        "a worker that slept past its lease removes nothing"
    );
    assert_eq!(schedule.complete_some(&lost, &sleeper).await.unwrap(), 0);
    assert_eq!(
        schedule.release(&lost, &sleeper).await.unwrap(),
        0,
        "nor does it give back what another one holds"
    );
    assert_eq!(schedule.complete(&again).await.unwrap(), 1);
}

#[tokio::test]
async fn a_claim_that_is_partly_stored_keeps_the_rest_at_its_own_time() {
    let redis = Redis::start().await.unwrap();
    let schedule = schedule_on(&redis).await;
    let jobs: Vec<Job> = (0..4).map(|i| job(1_000 + i)).collect();
    schedule.schedule(&jobs).await.unwrap();
    let held = claim(&schedule, 10).await;
    let (stored, unknown) = held.jobs.split_at(2);
    let (stored, unknown): (Vec<&Job>, Vec<&Job>) = (stored.iter().collect(), unknown.iter().collect());
    for (completed, released) in [(2, 2), (0, 0)] {
        assert_eq!(schedule.complete_some(&held, &stored).await.unwrap(), completed);
        assert_eq!(schedule.release(&held, &unknown).await.unwrap(), released, "releasing twice is harmless");
    }
    assert_eq!(claim(&schedule, 10).await.jobs, jobs[2..]);
}

#[tokio::test]
async fn unscheduling_removes_a_timer_also_from_a_workers_hands() {
    let redis = Redis::start().await.unwrap();
    let schedule = schedule_on(&redis).await;
    let (waiting, claimed, absent) = (job(FAR), job(1_000), job(0));
    schedule.schedule(&[waiting.clone(), claimed.clone()]).await.unwrap();
    let held = claim(&schedule, 10).await;
    assert_eq!(schedule.unschedule(&[&waiting.id, &claimed.id, &absent.id]).await.unwrap(), 2);
    assert_eq!(schedule.release(&held, &[&held.jobs[0]]).await.unwrap(), 0, "a release brings nothing back");
    assert_eq!(schedule.head().await.unwrap().jobs, 0);
}

#[tokio::test]
async fn a_full_redis_refuses_new_timers_and_fires_those_it_has() {
    let redis = Redis::start_with(&["--maxmemory-policy", "noeviction"]).await.unwrap();
    let schedule = schedule_on(&redis).await;
    let jobs: Vec<Job> = (0..10).map(|i| job(1_000 + i)).collect();
    schedule.schedule(&jobs).await.unwrap();
    raw(&redis, &["CONFIG", "SET", "maxmemory", "1"]).await;

    let refused = schedule.schedule(&[job(2_000)]).await.unwrap_err();
    assert!(format!("{:#}", anyhow::Error::new(refused)).contains("OOM"), "the reason is told");
    let held = claim(&schedule, 6).await;
    let (stored, unknown) = held.jobs.split_at(3);
    assert_eq!(schedule.complete_some(&held, &stored.iter().collect::<Vec<_>>()).await.unwrap(), 3);
    assert_eq!(schedule.release(&held, &unknown.iter().collect::<Vec<_>>()).await.unwrap(), 3);
    let rest = claim(&schedule, 10).await;
    assert_eq!(schedule.complete(&rest).await.unwrap(), 7);
}

#[tokio::test]
async fn a_member_that_is_no_order_id_is_left_where_it_is() {
    let redis = Redis::start().await.unwrap();
    let schedule = schedule_on(&redis).await;
    raw(&redis, &["ZADD", "{test:order:expiration}:due", "1", "not an id!"]).await;
    let known = job(2);
    schedule.schedule(std::slice::from_ref(&known)).await.unwrap();
    let held = claim(&schedule, 10).await;
    assert_eq!(held.jobs, [known]);
    assert_eq!(schedule.head().await.unwrap().jobs, 2, "nothing is dropped");
    assert_eq!(schedule.complete(&held).await.unwrap(), 1, "only what was fired is removed");
    assert_eq!(schedule.head().await.unwrap().jobs, 1);
}

#[tokio::test]
async fn the_servers_settings_are_read() {
    let unsafe_one = Redis::start_with(&["--maxmemory-policy", "allkeys-lru"]).await.unwrap();
    let facts = schedule_on(&unsafe_one).await.server_facts().await.unwrap();
    let expected = ServerFacts {
        maxmemory_policy: "allkeys-lru".to_owned(),
        aof_enabled: false,
        is_cluster: false,
        is_replica: false,
    };
    assert_eq!(facts, expected);
    assert!(!facts.keeps_when_full());
    let safe_one = Redis::start_with(&["--appendonly", "yes"]).await.unwrap();
    let facts = schedule_on(&safe_one).await.server_facts().await.unwrap();
    assert!(facts.keeps_when_full() && facts.aof_enabled);
}

async fn raw(redis: &Redis, command: &[&str]) {
    let mut connection = redis.connect().await.unwrap();
    let (name, arguments) = command.split_first().unwrap();
    redis::cmd(name).arg(arguments).query_async::<()>(&mut connection).await.unwrap();
}
