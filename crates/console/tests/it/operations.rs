//! Acts on many timers: counted first, then confirmed with that count.

use common::{
    event::Id,
    operator::{AuditOutcome, Operation, OperationState},
};
use serde_json::json;
use testkit::eventually;

use crate::world::{LONG, SOON, World, instant};

impl World {
    pub(crate) async fn ended(&self, operation: &Operation) -> Operation {
        eventually("the operation has ended", SOON, async || {
            let operation: Operation = self.get(&format!("/api/operations/{}", operation.id)).await.ok();
            if operation.ended_at.is_some() { Ok(operation) } else { Err(format!("{operation:?}")) }
        })
        .await
    }

    async fn run(&self, plan: &serde_json::Value) -> Operation {
        let planned: Operation = self.act("/api/operations", plan).await.ok();
        let confirm = json!({ "count": planned.count });
        let running: Operation =
            self.act(&format!("/api/operations/{}/confirm", planned.id), &confirm).await.ok();
        self.ended(&running).await
    }
}

fn texts(ids: &[Id]) -> Vec<&str> {
    ids.iter().map(Id::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_timers_are_counted_first_and_then_ours_and_others_are_worked_through() {
    let world = World::start(LONG).await;
    let ours = world.scheduled(4).await;
    let mut ids = ours.clone();
    for _ in 0..3 {
        ids.push(world.foreign(LONG).await);
    }
    world.pay(&ours[0]).await;
    world.status_is(&ours[0], "complete").await;
    let plan = json!({ "action": "cancelTimers", "timers": { "ids": texts(&ids) }, "note": "a test" });
    let planned: Operation = world.act("/api/operations", &plan).await.ok();
    assert_eq!((planned.state, planned.count, planned.by.as_str()), (OperationState::Planned, 7, "operator"));
    assert_eq!(planned.samples.len(), 7);
    world.status_is(&ours[1], "created").await;

    let path = format!("/api/operations/{}/confirm", planned.id);
    let answer = world.act(&path, &json!({ "count": 6 })).await;
    assert!(answer.error(409).1.contains('7'), "{answer:?}");
    world.status_is(&ours[1], "created").await;

    let _running: Operation = world.act(&path, &json!({ "count": 7 })).await.ok();
    let ended = world.ended(&planned).await;
    assert_eq!(
        (ended.state, ended.done, ended.skipped, ended.failed),
        (OperationState::Done, 6, 1, 0),
        "{ended:#?}"
    );
    for order in &ours[1..] {
        world.status_is(order, "cancelled").await;
    }
    world.status_is(&ours[0], "complete").await;
    world.get(&format!("/api/orders/{}", ids[5])).await.error(404);
    let entries = world.audit(&format!("operation {}", planned.id)).await;
    assert_eq!(entries[0].outcome, AuditOutcome::Done, "{entries:#?}");
    assert!(entries.iter().any(|entry| entry.count == Some(7)), "{entries:#?}");
    world.act(&path, &json!({ "count": 7 })).await.error(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_of_a_time_are_moved_each_from_where_it_is() {
    let world = World::start(LONG).await;
    let order = world.scheduled(1).await.remove(0);
    let (near, far) = (world.foreign(LONG).await, world.foreign(3 * LONG).await);
    let due = async |id: &Id| instant(&world.timer_is_set(id).await["timer"]["dueAt"]);
    let before = [due(&order).await, due(&near).await, due(&far).await];
    let to = common::event::Timestamp::from_millis(before[1] + 60_000);
    let plan = json!({ "action": "moveTimers", "timers": { "dueTo": to }, "byMs": 120_000 });
    let ended = world.run(&plan).await;
    assert_eq!((ended.count, ended.done, ended.failed), (2, 2, 0), "{ended:#?}");
    world
        .report(&order, "ours has more time", |report| {
            instant(&report["timer"]["dueAt"]) == before[0] + 120_000
        })
        .await;
    assert_eq!([due(&near).await, due(&far).await], [before[1] + 120_000, before[2]]);

    // Earlier is not for ours: it is said of each, and the others are moved.
    let plan = json!({ "action": "moveTimers", "timers": { "ids": [order, near] }, "byMs": -60_000 });
    let ended = world.run(&plan).await;
    assert_eq!((ended.done, ended.failed), (1, 1), "{ended:#?}");
    assert_eq!(ended.failures[0].item, order.as_str());

    let nothing = json!({ "action": "fireTimers", "timers": { "dueTo": "2001-01-01T00:00:00.000Z" } });
    world.act("/api/operations", &nothing).await.error(400);
    let later = common::event::Timestamp::from_millis(before[1] + 300_000);
    let both = json!({ "action": "fireTimers", "timers": { "ids": [near, far], "dueTo": later } });
    // Both are there, and one is due in that time.
    let planned: Operation = world.act("/api/operations", &both).await.ok();
    assert_eq!(planned.samples, [near.as_str()]);
    let aborted: Operation =
        world.act(&format!("/api/operations/{}/abort", planned.id), &json!({})).await.ok();
    assert_eq!((aborted.state, aborted.done), (OperationState::Aborted, 0));
    let path = format!("/api/operations/{}/confirm", planned.id);
    world.act(&path, &json!({ "count": 1 })).await.error(409);
    assert_eq!(due(&near).await, before[1] + 60_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_runs_is_stopped_where_it_is() {
    let world = World::start(LONG).await;
    let ids: Vec<String> = (0..200_000).map(|id| format!("nobody-{id}")).collect();
    let plan = json!({ "action": "cancelTimers", "timers": { "ids": ids } });
    let planned: Operation = world.act("/api/operations", &plan).await.ok();
    assert_eq!((planned.count, planned.samples.len()), (200_000, 20));
    let path = format!("/api/operations/{}", planned.id);
    let _running: Operation = world.act(&format!("{path}/confirm"), &json!({ "count": 200_000 })).await.ok();
    eventually("it has begun", SOON, async || {
        let operation: Operation = world.get(&path).await.ok();
        if operation.skipped > 0 { Ok(()) } else { Err(format!("{operation:?}")) }
    })
    .await;
    let _aborted: Operation = world.act(&format!("{path}/abort"), &json!({})).await.ok();
    let ended = world.ended(&planned).await;
    assert_eq!((ended.state, ended.done, ended.failed), (OperationState::Aborted, 0, 0));
    assert!((1_000..200_000).contains(&ended.skipped), "{}", ended.skipped);
}
