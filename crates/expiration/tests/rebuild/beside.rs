//! A rebuild beside live traffic, and on request.

use std::collections::BTreeMap;

use common::{
    event::Id,
    internal::{RebuildAnswer, ScheduleState},
};
use testkit::eventually;

use crate::support::{LONG, World, in_ms, metric};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn orders_that_come_and_fire_during_rebuilds_fire_once_and_never_early() {
    let world = World::start().await;
    let (_first, _second) = (world.worker("expiration-1").await, world.worker("expiration-2").await);
    let mut orders: BTreeMap<Id, i64> = BTreeMap::new();
    for round in 0..12 {
        orders.extend(world.orders((0..50).map(|i| in_ms(200 + 40 * i))).await);
        if round % 2 == 1 {
            world.redis_command::<()>(&["FLUSHALL"]).await;
        }
        let fired = orders.len() / 2;
        world.all_fired(fired).await;
    }
    world.fires_exactly(&orders).await;
    world.is_drained().await;
}

#[tokio::test]
async fn an_operator_begins_one_by_hand_and_sees_its_end() {
    let world = World::start().await;
    let worker = world.command("expiration-1").env("INTERNAL_TOKEN", TOKEN).spawn().await.unwrap();
    worker.ready(LONG).await.unwrap();
    world.orders((0..20).map(|i| in_ms(HOUR_MS) + i)).await;
    world.has_scheduled(20).await;
    let state = settled(&worker.http_url()).await;
    assert!(state.checkpoint.is_some_and(|checkpoint| checkpoint.sequence == 20), "{state:?}");
    let before = metric(&worker, "expiration_rebuilds_total").await;
    // As nothing else would be noticed.
    world.redis_command::<()>(&["ZREMRANGEBYRANK", crate::support::DUE_KEY, "0", "9"]).await;
    let url = format!("{}/internal/rebuild", worker.http_url());
    let answer = reqwest::Client::new().post(url).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let RebuildAnswer { begun } = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert!(begun);
    settled(&worker.http_url()).await;
    assert_eq!(world.pending_jobs().await, 20);
    assert_eq!(metric(&worker, "expiration_rebuilds_total").await, before + 1.0);
}

/// The state once the checkpoint holds at the end of the stream and nobody rebuilds.
async fn settled(url: &str) -> ScheduleState {
    let url = format!("{url}/internal/schedule");
    eventually("no rebuild is needed", LONG, async || {
        let answer = reqwest::Client::new().get(&url).bearer_auth(TOKEN).send().await;
        let body =
            answer.map_err(|error| error.to_string())?.text().await.map_err(|error| error.to_string())?;
        let state: ScheduleState = serde_json::from_str(&body).map_err(|error| error.to_string())?;
        let holds = state.checkpoint.is_some_and(|checkpoint| checkpoint.holds && checkpoint.sequence == 20);
        (holds && state.rebuild.is_none()).then_some(state).ok_or(body)
    })
    .await
}
