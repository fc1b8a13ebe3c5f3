//! What operators see and change of the schedule, against a Redis of its own.

#[path = "support/timers.rs"]
mod timers;

use std::{collections::BTreeMap, time::Duration};

use common::{
    clock,
    event::{Id, Timestamp},
    internal::{MoveTimer, Pause, TimerClaim, TimerState},
};
use expiration::schedule::Job;
use testkit::eventually;
use timers::{HOUR_MS, World, to};

#[tokio::test]
async fn a_timer_is_found_by_its_id_with_who_holds_it() {
    let world = World::start().await;
    let (pending, due) = (world.job(HOUR_MS).await, world.job(-5_000).await);
    let found = world.find(&pending.id).await;
    assert_eq!((found.state, found.due_at.as_millis()), (TimerState::Pending, pending.due_ms));
    let found = world.find(&due.id).await;
    assert_eq!((found.state, found.due_at.as_millis()), (TimerState::Due, due.due_ms));
    assert_eq!(found.claim, None);
    let held = world.claim().await;
    let found = world.find(&due.id).await;
    assert_eq!(found.state, TimerState::Claimed);
    let lapses = found.due_at;
    assert!(lapses.as_millis() > clock::now_ms(), "{lapses}");
    assert_eq!(found.claim, Some(TimerClaim { by: Some("worker-1".to_owned()), until: lapses }));
    world.schedule.complete(&held).await.unwrap();
    assert_eq!(world.schedule.find(&due.id).await.unwrap(), None, "it has fired");
    assert_eq!(world.schedule.find(&Id::generate()).await.unwrap(), None);
}

#[tokio::test]
async fn a_claim_of_an_older_release_has_no_name_and_is_counted_as_pending() {
    let world = World::start().await;
    let job = world.job(-5_000).await;
    world.claim().await;
    world.command::<()>(&["DEL", "{test:order:expiration}:holders"]).await;
    let found = world.find(&job.id).await;
    assert_eq!((found.state, found.claim.unwrap().by), (TimerState::Claimed, None));
    let state = world.schedule.state().await.unwrap();
    assert_eq!((state.claimed, state.pending), (0, 1));
}

#[tokio::test]
async fn the_holders_never_take_more_room_than_a_claim_has_fractions() {
    let world = World::start().await;
    world.command::<()>(&["SET", "{test:order:expiration}:claims", "4090"]).await;
    for _ in 0..10 {
        world.job(-1).await;
        let held = world.claim().await;
        world.schedule.complete(&held).await.unwrap();
    }
    let fields: Vec<u16> = world.command(&["HKEYS", "{test:order:expiration}:holders"]).await;
    assert_eq!(fields.len(), 10);
    assert!(fields.iter().all(|fraction| (1..=4_095).contains(fraction)), "{fields:?}");
    assert!(fields.contains(&4_095) && fields.contains(&1), "it comes round: {fields:?}");
}

#[tokio::test]
async fn a_timer_moves_under_its_id_earlier_and_later_and_to_now() {
    let world = World::start().await;
    let (a, b, c) = (world.job(HOUR_MS).await, world.job(HOUR_MS).await, world.job(HOUR_MS).await);
    let now = clock::now_ms();
    let moves = [to(&a.id, now + 2 * HOUR_MS), to(&b.id, now + 1_000), to(&c.id, 0)];
    let answers = world.schedule.move_timers(&moves).await.unwrap();
    let before: Vec<_> = answers.done.iter().map(|timer| (&timer.id, timer.due_at.as_millis())).collect();
    assert_eq!(before, [(&a.id, a.due_ms), (&b.id, b.due_ms), (&c.id, c.due_ms)]);
    assert_eq!(world.find(&a.id).await.due_at.as_millis(), now + 2 * HOUR_MS);
    assert_eq!(world.find(&b.id).await.due_at.as_millis(), now + 1_000);
    let fired = world.find(&c.id).await.due_at.as_millis();
    assert!((now..=clock::now_ms()).contains(&fired), "a past instant is now");
    let claim = world.claim().await;
    assert_eq!(claim.jobs, [Job { id: c.id, due_ms: fired }]);
}

#[tokio::test]
async fn a_claimed_timer_is_neither_moved_nor_removed_until_its_claim_has_lapsed() {
    let world = World::start().await;
    let (held, absent) = (world.job(-1_000).await, Id::generate());
    let claim = world.claim().await;
    let moved = world.schedule.move_timers(&[to(&held.id, 0), to(&absent, 0)]).await.unwrap();
    assert_eq!(
        (moved.done.len(), &moved.claimed[..], &moved.unknown[..]),
        (0, &[held.id.clone()][..], &[absent.clone()][..])
    );
    let removed = world.schedule.remove_timers(&[held.id.clone(), absent.clone()]).await.unwrap();
    assert_eq!(
        (removed.done.len(), removed.claimed, removed.unknown),
        (0, vec![held.id.clone()], vec![absent])
    );
    assert_eq!(world.schedule.complete(&claim).await.unwrap(), 1, "the worker still has it");

    let lapsing = world.schedule.clone().with_lease(Duration::ZERO);
    let lost = world.job(-1_000).await;
    lapsing.claim_due(10, clock::now_ms()).await.unwrap().claim.unwrap();
    // In a pause nobody takes it over, and the fleet's clock goes on as workers look.
    let until = Timestamp::from_millis(clock::now_ms() + HOUR_MS);
    let pause = Pause { until, rate: None, by: "ann".to_owned() };
    world.schedule.pause(&pause).await.unwrap();
    eventually("the claim has lapsed", Duration::from_secs(60), async || {
        assert!(world.schedule.claim_due(10, clock::now_ms()).await.unwrap().claim.is_none());
        let removed = world.schedule.remove_timers(std::slice::from_ref(&lost.id)).await.unwrap();
        (removed.done.len() == 1).then_some(()).ok_or(format!("{removed:?}"))
    })
    .await;
    assert_eq!(world.schedule.find(&lost.id).await.unwrap(), None);
}

#[tokio::test]
async fn timers_that_are_moved_removed_and_claimed_at_once_have_one_outcome_each() {
    const ORDERS: usize = 3_000;
    let world = World::start().await;
    let now = clock::now_ms();
    let jobs: Vec<Job> = (0..ORDERS).map(|_| Job { id: Id::generate(), due_ms: now + 5 }).collect();
    world.schedule.schedule(&jobs).await.unwrap();
    let ids: Vec<Id> = jobs.iter().map(|job| job.id.clone()).collect();
    let claimers = (0..3).map(|_| {
        let schedule = world.schedule.clone();
        tokio::spawn(async move {
            let mut fired = Vec::new();
            while schedule.head().await.unwrap().jobs > 0 {
                if let Some(claim) = schedule.claim_due(37, clock::now_ms()).await.unwrap().claim {
                    let completed = schedule.complete(&claim).await.unwrap();
                    assert_eq!(
                        completed as usize,
                        claim.jobs.len(),
                        "nobody takes it out of a worker's hands"
                    );
                    fired.extend(claim.jobs.into_iter().map(|job| job.id));
                }
            }
            fired
        })
    });
    let movers = (0..2).map(|which| {
        let (schedule, ids) = (world.schedule.clone(), ids.clone());
        tokio::spawn(async move {
            for some in ids.chunks(29).skip(which).step_by(2) {
                let at = clock::now_ms() + 10;
                let moves: Vec<MoveTimer> = some.iter().map(|id| to(id, at)).collect();
                let answers = schedule.move_timers(&moves).await.unwrap();
                let answered = answers.done.len() + answers.claimed.len() + answers.unknown.len();
                assert_eq!(answered, some.len(), "each has one answer");
            }
        })
    });
    let removers = (0..2).map(|_| {
        let (schedule, ids) = (world.schedule.clone(), ids.clone());
        tokio::spawn(async move {
            let mut removed = Vec::new();
            for some in ids.rchunks(11).step_by(3) {
                removed.extend(schedule.remove_timers(some).await.unwrap().done);
            }
            removed.into_iter().map(|timer| timer.id).collect::<Vec<_>>()
        })
    });
    let (claimers, movers, removers): (Vec<_>, Vec<_>, Vec<_>) =
        (claimers.collect(), movers.collect(), removers.collect());
    let mut outcomes: BTreeMap<Id, Vec<&str>> = BTreeMap::new();
    for (tasks, outcome) in [(claimers, "fired"), (removers, "removed")] {
        for task in tasks {
            for id in task.await.unwrap() {
                outcomes.entry(id).or_default().push(outcome);
            }
        }
    }
    for task in movers {
        task.await.unwrap();
    }
    assert_eq!(outcomes.len(), ORDERS, "none is lost");
    assert!(outcomes.values().all(|outcomes| outcomes.len() == 1), "one outcome each: {outcomes:?}");
    let removed = outcomes.values().filter(|outcomes| outcomes[0] == "removed").count();
    assert!(removed > 0 && removed < ORDERS, "{removed} of {ORDERS} removed: they did meet");
}

#[tokio::test]
async fn the_forecast_counts_each_minute_of_an_hour_and_each_hour_of_two_days() {
    const MINUTE_MS: i64 = 60_000;
    let world = World::start().await;
    for in_ms in [-5_000, MINUTE_MS / 2, MINUTE_MS / 2, 10 * MINUTE_MS + MINUTE_MS / 2] {
        world.job(in_ms).await;
    }
    for in_hours in [1, 1, 47, 48, 200] {
        world.job(in_hours * HOUR_MS + HOUR_MS / 2).await;
    }
    let forecast = world.schedule.forecast().await.unwrap();
    assert_eq!((forecast.minutes.len(), forecast.hours.len()), (60, 48));
    assert_eq!((forecast.due, forecast.later), (1, 2));
    assert_eq!((forecast.minutes[0], forecast.minutes[10], forecast.minutes.iter().sum()), (2, 1, 3_u64));
    assert_eq!((forecast.hours[0], forecast.hours[1], forecast.hours[47]), (3, 2, 1));
    assert_eq!(forecast.hours.iter().sum::<u64>(), 6);
}
