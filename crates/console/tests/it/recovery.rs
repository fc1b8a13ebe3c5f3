//! What was lost comes back by hand: a rebuild of the schedule, and events that are told again.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use common::{
    Service,
    internal::{RebuildAnswer, ScheduleState},
    operator::{AuditOutcome, Operation, OperationState},
};
use platform::PlatformBuilder;
use serde_json::{Value, json};
use testkit::eventually;

use crate::{
    stand_in::StandIn,
    world::{LONG, SOON, World},
};

const AT: &str = "2026-01-31T12:00:00.000Z";
const LONG_AGO: &str = "2001-01-01T00:00:00.000Z";

/// `console` without the services that are stood in for, or that the test does not need.
fn alone() -> PlatformBuilder {
    let services = [Service::Orders, Service::Tickets, Service::Payments, Service::Expiration];
    services.into_iter().fold(World::builder(LONG), |builder, service| builder.replicas(service, 0))
}

fn schedule(is_rebuilding: bool) -> Value {
    let mut state = json!({ "timers": 0, "pending": 0, "due": 0, "claimed": 0, "overdue": 0, "oldestDueAgeMs": 0,
        "clocks": { "redis": AT, "worker": AT },
        "checkpoint": { "holds": !is_rebuilding, "sequence": 1_200, "stored": AT } });
    if is_rebuilding {
        state["rebuild"] =
            json!({ "by": "expiration-1", "since": AT, "applied": 300, "last": 1_200, "left": 900 });
    }
    state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_is_begun_once_shown_while_it_lasts_and_written_down() {
    let under_way = Arc::new(AtomicBool::new(false));
    let is_under_way = Arc::clone(&under_way);
    let expiration = StandIn::start(move |asked, _| match asked {
        "POST /internal/rebuild" => {
            Some((202, json!({ "begun": !is_under_way.swap(true, Ordering::Relaxed) })))
        }
        "GET /internal/schedule" => Some((200, schedule(is_under_way.load(Ordering::Relaxed)))),
        _ => None,
    })
    .await;
    let world = World::of(alone().env("EXPIRATION_URL", &expiration.url)).await;
    let begin = async |note: &str| -> RebuildAnswer {
        world.act("/api/rebuild", &json!({ "note": note })).await.ok()
    };
    assert!(begin("Redis was restored").await.begun);
    assert!(!begin("again").await.begun);
    let state: ScheduleState = world.get("/api/schedule").await.ok();
    assert_eq!(state.rebuild.map(|rebuild| rebuild.left), Some(900));
    eventually("it is a trouble while it lasts", SOON, async || {
        let troubles = world.get("/api/status").await.body["troubles"].to_string();
        let is_told = troubles.contains("A rebuild of the schedule is under way by expiration-1");
        if is_told { Ok(()) } else { Err(troubles) }
    })
    .await;
    under_way.store(false, Ordering::Relaxed);
    let state: ScheduleState = world.get("/api/schedule").await.ok();
    assert!(state.rebuild.is_none() && state.checkpoint.unwrap().holds);
    let entries = world.audit("schedule").await;
    let shown: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.outcome)).collect();
    let once = [("rebuildSchedule", AuditOutcome::Done), ("rebuildSchedule", AuditOutcome::Begun)];
    assert_eq!(shown, [once, once].concat());
    assert_eq!(entries[3].note.as_deref(), Some("Redis was restored"));
    assert_eq!(entries[2].before.as_ref().unwrap()["holds"], true, "{:#?}", entries[2]);
    assert_eq!(entries[2].after.as_ref().unwrap()["begun"], true, "{:#?}", entries[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_counted_first_and_told_again_once_their_count_is_confirmed() {
    let orders = StandIn::start(|asked, _| match asked {
        "GET /internal/retell?since=2026%2D01%2D31T12%3A00%3A00%2E000Z" => {
            Some((200, json!({ "events": 1_200_000 })))
        }
        "POST /internal/retell" => Some((200, json!({ "events": 1_200_007 }))),
        _ => Some((200, json!({ "events": 0 }))),
    })
    .await;
    let world = World::of(alone().env("ORDERS_URL", &orders.url)).await;
    let plan = |since: &str| json!({ "action": "retellEvents", "retell": { "service": "orders", "since": since }, "note": "a test" });
    world.act("/api/operations", &plan(LONG_AGO)).await.error(400);
    let planned: Operation = world.act("/api/operations", &plan(AT)).await.ok();
    assert_eq!((planned.state, planned.count), (OperationState::Planned, 1_200_000));
    assert_eq!(planned.samples, [format!("orders since {AT}")]);
    let path = format!("/api/operations/{}/confirm", planned.id);
    world.act(&path, &json!({ "count": 1_199_999 })).await.error(409);
    assert_eq!(orders.posted(), []);
    let _running: Operation = world.act(&path, &json!({ "count": 1_200_000 })).await.ok();
    let ended = world.ended(&planned).await;
    // What has changed since it was counted is told too.
    assert_eq!((ended.state, ended.done, ended.failed), (OperationState::Done, 1_200_007, 0), "{ended:#?}");
    assert_eq!(orders.posted(), [("/internal/retell".to_owned(), json!({ "since": AT }))]);
    let done = world
        .audited("it is in the audit", |entry| {
            entry.target == format!("operation {}", planned.id) && entry.outcome == AuditOutcome::Done
        })
        .await;
    assert_eq!(done.count, Some(1_200_007));
    let begun = world.audit(&format!("operation {}", planned.id)).await.pop().unwrap();
    assert_eq!(
        (begun.outcome, begun.count, begun.note.as_deref()),
        (AuditOutcome::Begun, Some(1_200_000), Some("a test"))
    );
    assert_eq!(begun.request.as_ref().unwrap()["filter"]["retell"]["service"], "orders", "{begun:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_may_have_told_is_not_asked_again_and_the_operation_says_so() {
    let payments = async || {
        StandIn::start(|asked, _| match asked {
            "POST /internal/retell" => Some((503, json!({ "errors": [{ "message": "Postgres is away" }] }))),
            _ => Some((200, json!({ "events": 3 }))),
        })
        .await
    };
    let processes = [payments().await, payments().await];
    let urls = format!("{},{}", processes[0].url, processes[1].url);
    let world = World::of(alone().env("PAYMENTS_URL", urls)).await;
    let plan = json!({ "action": "retellEvents", "retell": { "service": "payments", "since": AT } });
    let planned: Operation = world.act("/api/operations", &plan).await.ok();
    let path = format!("/api/operations/{}/confirm", planned.id);
    let _running: Operation = world.act(&path, &json!({ "count": 3 })).await.ok();
    let ended = world.ended(&planned).await;
    assert_eq!((ended.state, ended.done), (OperationState::Failed, 0), "{ended:#?}");
    assert!(ended.failures[0].reason.contains("Postgres is away"), "{ended:#?}");
    let asked: usize = processes.iter().map(|process| process.posted().len()).sum();
    assert_eq!(asked, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_schedule_is_rebuilt_and_a_real_order_is_told_again() {
    let world = World::start(LONG).await;
    let order = world.scheduled(1).await.remove(0);
    let answer: RebuildAnswer = world.act("/api/rebuild", &json!({})).await.ok();
    eventually("it is rebuilt", SOON, async || {
        let state: ScheduleState = world.get("/api/schedule").await.ok();
        let holds = state.checkpoint.is_some_and(|checkpoint| checkpoint.holds);
        if holds && state.rebuild.is_none() { Ok(()) } else { Err(format!("{answer:?} {state:?}")) }
    })
    .await;
    world.timer_is_set(&order).await;

    let plan = json!({ "action": "retellEvents", "retell": { "service": "orders", "since": LONG_AGO } });
    let planned: Operation = world.act("/api/operations", &plan).await.ok();
    let path = format!("/api/operations/{}/confirm", planned.id);
    let _running: Operation = world.act(&path, &json!({ "count": planned.count })).await.ok();
    assert_eq!(world.ended(&planned).await.done, planned.count);
    eventually("it is told again", SOON, async || {
        let told = world.told(Service::Orders, &order).await;
        if told == ["order:created"; 2] { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
    world.status_is(&order, "created").await;
}
