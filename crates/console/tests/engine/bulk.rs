//! Acts on many.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use common::operator::{DeadLetterFilter, Operation, OperationAction, OperationState};
use console::operations::{ConfirmError, ItemOutcome, PlanError, Planned, Work};
use testkit::eventually;
use tokio::sync::Semaphore;

use crate::world::{Engine, GOOD, LONG, Left, World, all, author, topology};

pub(crate) fn planned(items: Vec<String>) -> Planned {
    let action = OperationAction::ReplayDeadLetters;
    Planned { action, by: author(), items, request: serde_json::json!({ "all": true }), note: None }
}

async fn ended(engine: &Engine, id: &str) -> Operation {
    eventually("the operation has ended", LONG, async || {
        let operation = engine.operations.get(id).unwrap();
        if operation.ended_at.is_some() { Ok(operation) } else { Err(format!("{operation:?}")) }
    })
    .await
}

fn items(count: usize) -> Vec<String> {
    (0..count).map(|n| n.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_100_000_is_replayed_as_it_was_when_it_was_counted() {
    let world = World::start().await;
    world.leave((1..=100_000).map(|n| (n, GOOD))).await;
    world.leave([(100_001, Left { reason: "another", ..GOOD })]).await;
    let engine = world.engine().await;
    engine.has(100_001).await;
    let group = engine.letters.groups().groups[0].id.clone();
    let filter = DeadLetterFilter { group: Some(group), ..all() };
    let (items, work) = engine.letters.plan_replay(&filter).unwrap();
    let operation = engine.operations.plan(planned(items), work).unwrap();
    assert_eq!((operation.count, operation.samples.len()), (100_000, 20));
    // Comes between the plan and its confirmation: not taken.
    world.leave((100_002..=100_011).map(|n| (n, GOOD))).await;
    engine.has(100_011).await;
    let begin = Instant::now();
    engine.operations.confirm(&operation.id, 100_000, author()).await.unwrap();
    world.leave((100_012..=100_021).map(|n| (n, GOOD))).await;
    let operation = ended(&engine, &operation.id).await;
    assert_eq!((operation.state, operation.done, operation.failed), (OperationState::Done, 100_000, 0));
    assert!(begin.elapsed() < LONG, "it took {:?}", begin.elapsed());
    engine.has(21).await;
    assert_eq!((world.messages("c-dead-letters").await, world.messages("c-replays").await), (21, 100_000));
    eventually("the end is in the audit", LONG, async || {
        let audited = engine.audited().await;
        let of = format!("confirmoperation operation {}", operation.id);
        if audited == [format!("{of} done"), format!("{of} begun")] {
            Ok(())
        } else {
            Err(format!("{audited:?}"))
        }
    })
    .await;
}

#[tokio::test]
async fn an_operation_needs_the_count_that_was_planned_and_runs_once() {
    let world = World::start().await;
    world.leave((1..=5).map(|n| (n, GOOD))).await;
    let engine = world.engine().await;
    engine.has(5).await;
    let plan = || {
        let (items, work) = engine.letters.plan_discard(&all()).unwrap();
        engine.operations.plan(planned(items), work).unwrap()
    };
    let (one, other) = (plan(), plan());
    let wrong = engine.operations.confirm(&one.id, 4, author()).await;
    assert!(matches!(wrong, Err(ConfirmError::Count { count: 5, given: 4 })), "{wrong:?}");
    let unknown = engine.operations.confirm("none", 5, author()).await;
    assert!(matches!(unknown, Err(ConfirmError::Unknown)), "{unknown:?}");
    assert_eq!(world.messages("c-dead-letters").await, 5);
    let (first, second) = tokio::join!(
        engine.operations.confirm(&one.id, 5, author()),
        engine.operations.confirm(&one.id, 5, author()),
    );
    assert!(first.is_ok() && matches!(second, Err(ConfirmError::Over)), "{first:?} {second:?}");
    assert_eq!(ended(&engine, &one.id).await.done, 5);
    // Another of the same set finds nothing left to do.
    engine.operations.confirm(&other.id, 5, author()).await.unwrap();
    let other = ended(&engine, &other.id).await;
    assert_eq!((other.state, other.done, other.skipped), (OperationState::Done, 0, 5));
    assert_eq!(engine.operations.list().len(), 2);
}

#[tokio::test]
async fn letters_of_a_stream_that_was_made_anew_after_the_plan_are_not_taken_for_those_of_the_plan() {
    let world = World::start().await;
    world.leave((1..=5).map(|n| (n, GOOD))).await;
    let engine = world.engine().await;
    engine.has(5).await;
    let (items, work) = engine.letters.plan_replay(&all()).unwrap();
    let operation = engine.operations.plan(planned(items), work).unwrap();
    world.jetstream.delete_stream("c-dead-letters").await.unwrap();
    world.jetstream.create_stream(topology().dead_letters()).await.unwrap();
    world.leave((1..=5).map(|n| (n, GOOD))).await;
    engine.operations.confirm(&operation.id, 5, author()).await.unwrap();
    let operation = ended(&engine, &operation.id).await;
    assert_eq!((operation.done, operation.skipped), (0, 5));
    assert_eq!(world.messages("c-dead-letters").await, 5);
}

#[tokio::test]
async fn what_can_not_be_replayed_is_counted_with_its_reason_and_the_others_are() {
    let world = World::start().await;
    let cut = [("dead-letter-cut-from", "70000")];
    world.leave((1..=30).map(|n| (n, Left { headers: if n % 2 == 0 { &cut } else { &[] }, ..GOOD }))).await;
    let engine = world.engine().await;
    engine.has(30).await;
    let (items, work) = engine.letters.plan_replay(&all()).unwrap();
    let operation = engine.operations.plan(planned(items), work).unwrap();
    engine.operations.confirm(&operation.id, 30, author()).await.unwrap();
    let operation = ended(&engine, &operation.id).await;
    assert_eq!((operation.done, operation.failed, operation.failures.len()), (15, 15, 15));
    assert!(operation.failures[0].reason.contains("cut"), "{:?}", operation.failures[0]);
    assert_eq!(world.messages("c-dead-letters").await, 15);
}

#[tokio::test]
async fn an_operation_stops_where_it_is_aborted_and_shows_how_far_it_came() {
    let world = World::start().await;
    let engine = world.engine().await;
    let (gate, entered) = (Arc::new(Semaphore::new(2)), Arc::new(AtomicUsize::new(0)));
    let work = Work::new(10, {
        let (gate, entered) = (Arc::clone(&gate), Arc::clone(&entered));
        move |items| {
            let (gate, entered) = (Arc::clone(&gate), Arc::clone(&entered));
            async move {
                entered.fetch_add(1, Ordering::Relaxed);
                gate.acquire().await?.forget();
                Ok(vec![ItemOutcome::Done; items.len()])
            }
        }
    });
    let operation = engine.operations.plan(planned(items(100)), work).unwrap();
    engine.operations.confirm(&operation.id, 100, author()).await.unwrap();
    eventually("it waits in its third batch", LONG, async || match entered.load(Ordering::Relaxed) {
        3 => Ok(()),
        other => Err(format!("{other}")),
    })
    .await;
    assert_eq!(engine.operations.get(&operation.id).unwrap().done, 20);
    engine.operations.abort(&operation.id, author()).await.unwrap();
    let operation = ended(&engine, &operation.id).await;
    assert_eq!((operation.state, operation.done), (OperationState::Aborted, 20));
    let over = engine.operations.abort(&operation.id, author()).await;
    assert!(matches!(over, Err(ConfirmError::Over)), "{over:?}");
    // A plan is dropped by it.
    let work = Work::new(1, |_| async { Ok(vec![ItemOutcome::Done]) });
    let plan = engine.operations.plan(planned(items(1)), work).unwrap();
    engine.operations.abort(&plan.id, author()).await.unwrap();
    assert!(matches!(engine.operations.confirm(&plan.id, 1, author()).await, Err(ConfirmError::Over)));
}

#[tokio::test]
async fn a_service_that_is_away_for_a_moment_delays_an_operation_and_loses_no_item() {
    let world = World::start().await;
    let engine = world.engine().await;
    let (away, done) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Vec::new())));
    let work = Work::new(10, {
        let (away, done) = (Arc::clone(&away), Arc::clone(&done));
        move |items| {
            let (away, done) = (Arc::clone(&away), Arc::clone(&done));
            async move {
                anyhow::ensure!(!away.swap(false, Ordering::Relaxed), "away");
                done.lock().unwrap().extend(items.clone());
                Ok(vec![ItemOutcome::Done; items.len()])
            }
        }
    });
    let operation = engine.operations.plan(planned(items(25)), work).unwrap();
    engine.operations.confirm(&operation.id, 25, author()).await.unwrap();
    let operation = ended(&engine, &operation.id).await;
    assert_eq!((operation.state, operation.done), (OperationState::Done, 25));
    assert_eq!(*done.lock().unwrap(), items(25));
}

#[tokio::test]
async fn a_service_that_stays_away_ends_an_operation_after_a_minute_and_the_audit_says_so() {
    let world = World::start().await;
    let engine = world.engine().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let work = Work::new(10, {
        let asked = Arc::clone(&asked);
        move |_| {
            asked.fetch_add(1, Ordering::Relaxed);
            async { Err(anyhow::anyhow!("expiration is away")) }
        }
    });
    let operation = engine.operations.plan(planned(items(25)), work).unwrap();
    engine.operations.confirm(&operation.id, 25, author()).await.unwrap();
    eventually("it is tried again", LONG, async || match asked.load(Ordering::Relaxed) {
        asked @ 0..2 => Err(format!("{asked} times")),
        _ => Ok(()),
    })
    .await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    let operation = ended(&engine, &operation.id).await;
    assert_eq!((operation.state, operation.done), (OperationState::Failed, 0));
    assert!(operation.failures[0].reason.contains("expiration is away"));
    eventually("the audit says so", LONG, async || {
        let audited = engine.audited().await;
        if audited[0].ends_with(" failed") { Ok(()) } else { Err(format!("{audited:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_plan_is_refused_when_nothing_or_too_much_matches_and_forgotten_after_ten_minutes() {
    let world = World::start().await;
    let engine = world.engine().await;
    let work = || Work::new(1, |items| async move { Ok(vec![ItemOutcome::Done; items.len()]) });
    assert_eq!(engine.operations.plan(planned(Vec::new()), work()), Err(PlanError::Empty));
    let many = || vec![String::new(); 1_000_001];
    assert_eq!(engine.operations.plan(planned(many()), work()), Err(PlanError::TooMany { count: 1_000_001 }));
    let held = || vec![String::new(); 1_000_000];
    for _ in 0..3 {
        engine.operations.plan(planned(held()), work()).unwrap();
    }
    let busy = engine.operations.plan(planned(items(1)), work());
    assert_eq!(busy, Err(PlanError::Busy { held: 3_000_000 }));
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(601)).await;
    tokio::time::resume();
    assert!(engine.operations.list().is_empty());
    engine.operations.plan(planned(items(1)), work()).unwrap();
}

#[tokio::test]
async fn work_in_one_go_counts_what_it_is_told_runs_once_and_is_never_cut_off() {
    let world = World::start().await;
    let engine = world.engine().await;
    let (gate, entered) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    // More than an operation takes items: none of them is in memory here.
    let work = Work::whole(5_000_000, {
        let (gate, entered) = (Arc::clone(&gate), Arc::clone(&entered));
        move || {
            let (gate, entered) = (Arc::clone(&gate), Arc::clone(&entered));
            async move {
                entered.fetch_add(1, Ordering::Relaxed);
                gate.acquire().await?.forget();
                Ok(5_000_007)
            }
        }
    });
    let operation = engine.operations.plan(planned(vec!["orders since then".to_owned()]), work).unwrap();
    assert_eq!((operation.count, operation.samples.len()), (5_000_000, 1));
    engine.operations.confirm(&operation.id, 5_000_000, author()).await.unwrap();
    eventually("it is being done", LONG, async || match entered.load(Ordering::Relaxed) {
        1 => Ok(()),
        other => Err(format!("{other}")),
    })
    .await;
    engine.operations.abort(&operation.id, author()).await.unwrap();
    gate.add_permits(1);
    let operation = ended(&engine, &operation.id).await;
    assert_eq!((operation.state, operation.done), (OperationState::Done, 5_000_007));
    assert_eq!(entered.load(Ordering::Relaxed), 1);

    let nothing = Work::whole(0, || async { Ok(0) });
    assert_eq!(engine.operations.plan(planned(items(1)), nothing), Err(PlanError::Empty));
    let away = Work::whole(3, {
        let entered = Arc::clone(&entered);
        move || {
            entered.fetch_add(1, Ordering::Relaxed);
            async { Err(anyhow::anyhow!("orders is away")) }
        }
    });
    let operation = engine.operations.plan(planned(items(1)), away).unwrap();
    engine.operations.confirm(&operation.id, 3, author()).await.unwrap();
    let operation = ended(&engine, &operation.id).await;
    assert_eq!((operation.state, operation.done), (OperationState::Failed, 0));
    assert!(operation.failures[0].reason.contains("orders is away"));
    assert_eq!(
        entered.load(Ordering::Relaxed),
        2,
        "whether it was done is not known, so it is not done again"
    );
}
