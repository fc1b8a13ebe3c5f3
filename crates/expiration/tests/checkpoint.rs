//! The rules of the checkpoint and of a rebuild's scripts, each against a Redis of its own.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "support/timers.rs"]
mod timers;

use std::time::Duration;

use common::{clock, event::Id};
use expiration::schedule::{
    Checkpoint, Job, RebuildBatch, RebuildError, RebuildLease, RebuildStep, Rebuilt, Schedule, Standing,
};
use messaging::Place;
use testkit::{Redis, eventually, paths};
use timers::{HOUR_MS, World};

/// Far more than anything here takes.
const LONG: Duration = Duration::from_secs(60);
const CHECKPOINT: &str = "{test:order:expiration}:checkpoint";
const REBUILD: &str = "{test:order:expiration}:rebuild";

fn place(created_ns: i64, sequence: u64) -> Place {
    Place { created_ns, sequence, stored_ns: 1_000 + sequence.cast_signed() }
}

async fn begin(world: &World) -> RebuildLease {
    world.schedule.begin_rebuild().await.unwrap().unwrap()
}

async fn apply(
    world: &World,
    lease: &mut RebuildLease,
    batch: &RebuildBatch,
    step: RebuildStep,
) -> Result<Rebuilt, RebuildError> {
    world.schedule.apply_rebuild(lease, batch, step, (0, 0)).await
}

async fn checkpoint(world: &World) -> Option<Checkpoint> {
    world.schedule.standing(None).await.unwrap().checkpoint
}

/// A checkpoint of a rebuild that has come to its end.
async fn rebuilt(world: &World, orders: Place, fired: Place) -> Checkpoint {
    let mut lease = begin(world).await;
    apply(world, &mut lease, &RebuildBatch::default(), RebuildStep::End(orders, fired)).await.unwrap();
    checkpoint(world).await.unwrap()
}

fn batch(adds: &[&Job], extends: &[&Job], removes: &[&Job]) -> RebuildBatch {
    let jobs = |jobs: &[&Job]| jobs.iter().map(|job| (*job).clone()).collect();
    RebuildBatch {
        adds: jobs(adds),
        extends: jobs(extends),
        removes: removes.iter().map(|job| job.id.clone()).collect(),
    }
}

fn job(in_ms: i64) -> Job {
    Job { id: Id::generate(), due_ms: clock::now_ms() + in_ms }
}

#[tokio::test]
async fn only_a_rebuild_creates_a_checkpoint() {
    let world = World::start().await;
    let standing = world.schedule.standing(None).await.unwrap();
    let phantom = Checkpoint { orders: place(1, 5), fired: place(2, 5), run: Some(standing.run.clone()) };
    assert!(!world.schedule.advance_checkpoint(&phantom, place(1, 6), place(2, 6)).await.unwrap());
    assert_eq!(world.command::<u64>(&["EXISTS", CHECKPOINT]).await, 0);

    let written = rebuilt(&world, place(1, 5), place(2, 5)).await;
    assert_eq!(written, phantom, "at its end it is of this run");
    assert!(written.is_of_run(&standing.run));
    assert!(world.schedule.standing(None).await.unwrap().rebuild.is_none(), "the lease is given back");
}

#[tokio::test]
async fn a_checkpoint_is_advanced_forward_in_its_streams_if_it_is_the_one_that_was_looked_at() {
    let world = World::start().await;
    let first = rebuilt(&world, place(1, 5), place(2, 5)).await;
    let advance = async |from: &Checkpoint, orders, fired| {
        world.schedule.advance_checkpoint(from, orders, fired).await.unwrap()
    };
    for (orders, fired, what) in [
        (place(9, 6), place(2, 6), "another orders' stream"),
        (place(1, 6), place(9, 6), "another stream of expirations"),
        (place(1, 4), place(2, 6), "back"),
        (place(1, 6), place(2, 4), "back"),
    ] {
        assert!(!advance(&first, orders, fired).await, "{what}");
        assert_eq!(checkpoint(&world).await, Some(first.clone()), "{what}");
    }
    assert!(advance(&first, place(1, 6), place(2, 5)).await);
    let second = checkpoint(&world).await.unwrap();
    assert_eq!(second, Checkpoint { orders: place(1, 6), ..first.clone() });
    assert!(!advance(&first, place(1, 7), place(2, 7)).await, "it is another one by now");
    assert_eq!(checkpoint(&world).await, Some(second));
}

#[tokio::test]
async fn a_checkpoint_of_another_run_is_not_advanced() {
    let world = World::persistent().await;
    let before = rebuilt(&world, place(1, 5), place(2, 5)).await;
    world.redis.restart().await.unwrap();
    let standing = answered(&world.schedule).await;
    assert_eq!(standing.checkpoint.as_ref(), Some(&before), "Redis has kept it");
    assert!(!before.is_of_run(&standing.run), "a restart is another run");
    assert!(!world.schedule.advance_checkpoint(&before, place(1, 6), place(2, 6)).await.unwrap());
    assert_eq!(checkpoint(&world).await, Some(before));
}

#[tokio::test]
async fn the_run_is_another_one_on_a_replica_that_took_over() {
    let world = World::start().await;
    world.command::<()>(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]).await;
    let replica = Redis::start().await.unwrap();
    let mut connection = replica.connect().await.unwrap();
    let follower = Schedule::new(&replica.url(), "test").unwrap();
    let port = world.redis.port().to_string();
    redis::cmd("REPLICAOF").arg("127.0.0.1").arg(port).query_async::<()>(&mut connection).await.unwrap();
    follows(&world.schedule, &follower).await;
    let written = rebuilt(&world, place(1, 5), place(2, 5)).await;
    let standing = follows(&world.schedule, &follower).await;
    assert_eq!(standing.checkpoint.as_ref(), Some(&written));
    assert!(written.is_of_run(&standing.run), "as long as it follows it is the same history");
    redis::cmd("REPLICAOF").arg("NO").arg("ONE").query_async::<()>(&mut connection).await.unwrap();
    let standing = follower.standing(None).await.unwrap();
    assert!(!written.is_of_run(&standing.run), "what the old one acknowledged last may be missing");
}

/// Waits until a replica has what its primary has.
async fn follows(primary: &Schedule, replica: &Schedule) -> Standing {
    eventually("the replica follows", LONG, async || {
        let (of_primary, of_replica) = (primary.standing(None).await, replica.standing(None).await);
        let (of_primary, of_replica) = (of_primary.map_err(text)?, of_replica.map_err(text)?);
        let is_level = of_primary.run == of_replica.run && of_primary.checkpoint == of_replica.checkpoint;
        is_level.then_some(of_primary).ok_or(format!("{of_replica:?}"))
    })
    .await
}

/// The first command after a restart finds its connection broken.
async fn answered(schedule: &Schedule) -> Standing {
    eventually("Redis answers", LONG, async || schedule.standing(None).await.map_err(text)).await
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[tokio::test]
async fn one_worker_rebuilds_at_a_time_until_its_lease_is_over() {
    let world = World::start().await;
    let mut first = begin(&world).await;
    assert!(world.schedule.begin_rebuild().await.unwrap().is_none());
    let standing = world.schedule.standing(None).await.unwrap();
    assert_eq!(standing.rebuild.unwrap().by, "worker-1");

    // As time would.
    world.command::<()>(&["HSET", REBUILD, "until", &(clock::now_ms() - 1).to_string()]).await;
    assert!(world.schedule.standing(None).await.unwrap().rebuild.is_none());
    let nothing = RebuildBatch::default();
    let refused = apply(&world, &mut first, &nothing, RebuildStep::Part).await;
    assert!(matches!(refused, Err(RebuildError::LeaseOver)), "{refused:?}");
    let mut second = begin(&world).await;
    let refused = apply(&world, &mut first, &nothing, RebuildStep::End(place(1, 5), place(2, 5))).await;
    assert!(matches!(refused, Err(RebuildError::LeaseOver)), "it is another's: {refused:?}");
    world.schedule.give_up_rebuild(&first).await.unwrap();
    apply(&world, &mut second, &nothing, RebuildStep::Part)
        .await
        .expect("the first gave up nothing of the second");
    world.schedule.give_up_rebuild(&second).await.unwrap();
    begin(&world).await;
}

#[tokio::test]
async fn a_lease_of_a_clock_that_was_set_back_is_none() {
    let world = World::start().await;
    let mut first = begin(&world).await;
    world.command::<()>(&["HSET", REBUILD, "until", &(clock::now_ms() + HOUR_MS).to_string()]).await;
    assert!(world.schedule.standing(None).await.unwrap().rebuild.is_none());
    let refused = apply(&world, &mut first, &RebuildBatch::default(), RebuildStep::Part).await;
    assert!(matches!(refused, Err(RebuildError::LeaseOver)), "{refused:?}");
    begin(&world).await;
}

#[tokio::test]
async fn a_rebuild_ends_only_in_the_run_in_which_it_began() {
    let world = World::persistent().await;
    let mut lease = begin(&world).await;
    let pending = job(HOUR_MS);
    let step = RebuildStep::Place(place(1, 5), place(2, 5));
    apply(&world, &mut lease, &batch(&[&pending], &[], &[]), step).await.unwrap();
    world.redis.restart().await.unwrap();
    answered(&world.schedule).await;
    let (more, end) = (batch(&[&job(HOUR_MS)], &[], &[]), RebuildStep::End(place(1, 6), place(2, 5)));
    let refused = apply(&world, &mut lease, &more, end).await;
    assert!(matches!(refused, Err(RebuildError::AnotherRun)), "{refused:?}");
    let left = checkpoint(&world).await.unwrap();
    assert_eq!((left.orders, left.run), (place(1, 5), None), "whoever comes next goes on from here");
    assert_eq!(world.schedule.head().await.unwrap().jobs, 1);
}

#[tokio::test]
async fn a_rebuild_goes_on_only_from_the_checkpoint_that_it_knows() {
    let world = World::start().await;
    let known = rebuilt(&world, place(1, 5), place(2, 5)).await;
    let mut lease = begin(&world).await;
    assert_eq!(lease.checkpoint(), Some(&known));
    assert!(world.schedule.advance_checkpoint(&known, place(1, 9), place(2, 9)).await.unwrap());
    let step = RebuildStep::End(place(1, 7), place(2, 7));
    let refused = apply(&world, &mut lease, &RebuildBatch::default(), step).await;
    assert!(matches!(refused, Err(RebuildError::AnotherCheckpoint)), "{refused:?}");
    assert_eq!(checkpoint(&world).await.unwrap().orders, place(1, 9), "it does not go back");

    world.schedule.give_up_rebuild(&lease).await.unwrap();
    let mut lease = begin(&world).await;
    world.command::<()>(&["DEL", CHECKPOINT]).await;
    let refused = apply(&world, &mut lease, &RebuildBatch::default(), step).await;
    assert!(matches!(refused, Err(RebuildError::AnotherCheckpoint)), "{refused:?}");
}

#[tokio::test]
async fn the_checkpoint_moves_with_its_own_script_and_has_no_run_before_the_end() {
    let world = World::start().await;
    let before = rebuilt(&world, place(1, 5), place(2, 5)).await;
    let mut lease = begin(&world).await;
    let nothing = RebuildBatch::default();
    apply(&world, &mut lease, &nothing, RebuildStep::Part).await.unwrap();
    assert_eq!(checkpoint(&world).await, Some(before.clone()), "a part moves nothing");
    apply(&world, &mut lease, &nothing, RebuildStep::Place(place(3, 7), place(4, 8))).await.unwrap();
    let half = Checkpoint { orders: place(3, 7), fired: place(4, 8), run: None };
    assert_eq!(checkpoint(&world).await, Some(half.clone()));
    assert!(!world.schedule.advance_checkpoint(&half, place(3, 8), place(4, 9)).await.unwrap());
    apply(&world, &mut lease, &nothing, RebuildStep::End(place(3, 9), place(4, 8))).await.unwrap();
    assert_eq!(checkpoint(&world).await, Some(Checkpoint { orders: place(3, 9), run: before.run, ..half }));
}

#[tokio::test]
async fn events_are_applied_as_their_consumers_would() {
    let world = World::start().await;
    let claimed = world.job(-HOUR_MS).await;
    let held = world.claim().await;
    let (there, moved, needless) =
        (world.job(HOUR_MS).await, world.job(HOUR_MS).await, world.job(HOUR_MS).await);
    let (missing, extended) = (job(HOUR_MS), job(2 * HOUR_MS));
    let at = |job: &Job, due_ms| Job { id: job.id.clone(), due_ms };
    let batch = batch(
        &[&at(&there, 5), &at(&claimed, 5), &missing, &at(&extended, missing.due_ms)],
        &[
            &at(&moved, moved.due_ms + 7),
            &at(&there, 5),
            &at(&claimed, claimed.due_ms + 3 * HOUR_MS),
            &extended,
        ],
        &[&needless, &job(0)],
    );
    let mut lease = begin(&world).await;
    for (added, extended, removed) in [(2, 2, 1), (0, 0, 0)] {
        let rebuilt = apply(&world, &mut lease, &batch, RebuildStep::Part).await.unwrap();
        assert_eq!(rebuilt, Rebuilt { added, extended, removed }, "again it changes nothing");
    }
    for (job, due_ms) in [
        (&there, there.due_ms),
        (&moved, moved.due_ms + 7),
        (&missing, missing.due_ms),
        (&extended, extended.due_ms),
    ] {
        assert_eq!(world.find(&job.id).await.due_at.as_millis(), due_ms);
    }
    assert!(world.schedule.find(&needless.id).await.unwrap().is_none());
    assert_eq!(world.schedule.complete(&held).await.unwrap(), 1, "it was left in its worker's hands");
}

#[tokio::test]
async fn a_checkpoint_is_forgotten_unless_a_rebuild_is_under_way() {
    let world = World::start().await;
    rebuilt(&world, place(1, 5), place(2, 5)).await;
    let lease = begin(&world).await;
    assert!(!world.schedule.forget_checkpoint().await.unwrap());
    assert!(checkpoint(&world).await.is_some());
    world.schedule.give_up_rebuild(&lease).await.unwrap();
    assert!(world.schedule.forget_checkpoint().await.unwrap());
    assert_eq!(checkpoint(&world).await, None);
}

#[tokio::test]
async fn timers_that_outlive_their_events_are_counted() {
    let world = World::start().await;
    world.job(HOUR_MS).await;
    world.job(3 * HOUR_MS).await;
    let beyond = async |hours: Option<u64>| {
        let retention = hours.map(|hours| Duration::from_secs(hours * 3_600));
        world.schedule.standing(retention).await.unwrap().beyond_retention
    };
    assert_eq!((beyond(Some(2)).await, beyond(Some(4)).await, beyond(None).await), (1, 0, 0));
}

#[tokio::test]
async fn a_full_redis_refuses_timers_that_come_back_and_keeps_its_checkpoint() {
    let world = World::start().await;
    let known = rebuilt(&world, place(1, 5), place(2, 5)).await;
    world.command::<()>(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await;
    world.command::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await;
    assert!(world.schedule.advance_checkpoint(&known, place(1, 6), place(2, 6)).await.unwrap());
    let mut lease = begin(&world).await;
    let step = RebuildStep::Place(place(1, 9), place(2, 9));
    let refused = apply(&world, &mut lease, &batch(&[&job(0)], &[], &[]), step).await;
    assert!(matches!(refused, Err(RebuildError::Unavailable(_))), "{refused:?}");
    assert_eq!(checkpoint(&world).await.unwrap().orders, place(1, 6));
}

#[tokio::test]
async fn every_script_runs_with_the_permissions_that_the_manifests_give() {
    const CLUSTER: &str = "ticketing";
    let redis = Redis::start().await.unwrap();
    let users = std::fs::read_to_string(paths::repository().join("infra/k8s/components/redis/users.acl"));
    let users = users.unwrap();
    let rules = users.lines().find_map(|line| line.strip_prefix("user expiration on #EXPIRATION_SHA256 "));
    let mut connection = redis.connect().await.unwrap();
    let mut create = redis::cmd("ACL");
    create.arg("SETUSER").arg("expiration").arg("on").arg(">secret");
    for rule in rules.unwrap().split(' ') {
        create.arg(rule);
    }
    create.query_async::<()>(&mut connection).await.unwrap();

    let url = redis.url().replace("redis://", "redis://expiration:secret@");
    let schedule = Schedule::new(&url, CLUSTER).unwrap().for_worker("worker-1");
    assert!(schedule.forget_checkpoint().await.unwrap());
    let mut lease = schedule.begin_rebuild().await.unwrap().unwrap();
    let (a, b, c) = (job(HOUR_MS), job(HOUR_MS), job(HOUR_MS));
    let batch = batch(&[&a, &c], &[&b], &[&c]);
    for step in [
        RebuildStep::Part,
        RebuildStep::Place(place(1, 4), place(2, 4)),
        RebuildStep::End(place(1, 5), place(2, 5)),
    ] {
        schedule.apply_rebuild(&mut lease, &batch, step, (1, 2)).await.unwrap();
    }
    let standing = schedule.standing(Some(Duration::from_secs(60))).await.unwrap();
    let checkpoint = standing.checkpoint.unwrap();
    assert!(checkpoint.is_of_run(&standing.run) && standing.run != "unknown");
    assert_eq!(standing.beyond_retention, 2);
    assert!(schedule.advance_checkpoint(&checkpoint, place(1, 6), place(2, 6)).await.unwrap());
    schedule.give_up_rebuild(&lease).await.unwrap();
}
