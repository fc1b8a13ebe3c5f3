//! The status, at once and as it changes.

use std::time::Duration;

use common::{Service, operator::Status};
use platform::{Platform, VIEWER_TOKEN};
use reqwest::{Method, Response};
use testkit::eventually;
use tokio::time::{Instant, timeout};

use crate::world::{LONG, SOON, World};

/// The next status of a stream.
async fn next(stream: &mut Response) -> Option<Status> {
    let mut text = String::new();
    loop {
        let chunk = timeout(SOON, stream.chunk()).await.unwrap().unwrap()?;
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        if let Some(data) = text.lines().find_map(|line| line.strip_prefix("data: "))
            && text.ends_with("\n\n")
        {
            return Some(serde_json::from_str(data).unwrap());
        }
    }
}

impl World {
    async fn look_on(&self) -> Response {
        self.request(Method::GET, "/api/live").bearer_auth(VIEWER_TOKEN).timeout(LONG).send().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_platform_is_well_and_each_of_its_parts_is_shown() {
    let world = World::of(Platform::builder().window(LONG)).await;
    let status = eventually("it is well", SOON, async || {
        let status: Status = world.get("/api/status").await.ok();
        if status.well { Ok(status) } else { Err(format!("{:#?}", status.troubles)) }
    })
    .await;
    assert_eq!(status.services.len(), 6);
    for service in &status.services {
        let about = service.processes[0].about.as_ref().unwrap();
        assert!(about.service == service.name && about.ready, "{service:?}");
    }
    assert_eq!(status.outboxes.iter().filter(|outbox| outbox.state.is_some()).count(), 3);
    assert!(status.consumers.len() >= 15 && status.consumers.iter().all(|consumer| consumer.exists));
    assert!(status.streams.iter().all(|stream| stream.exists || stream.optional), "{:#?}", status.streams);
    assert_eq!((status.dead_letters, status.owed.map(|owed| owed.count)), (Some(0), Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_on_sees_changes_within_a_second_and_not_more_than_twice_in_one() {
    let world = World::start(LONG).await;
    let (mut one, mut other) = (world.look_on().await, world.look_on().await);
    assert_eq!(one.headers()["content-type"], "text/event-stream");
    let before = next(&mut one).await.unwrap().schedule.unwrap().timers;
    assert!(next(&mut other).await.is_some());
    world.scheduled(1).await;
    for stream in [&mut one, &mut other] {
        let (begun, mut seen) = (Instant::now(), 0);
        loop {
            seen += 1;
            let status = next(stream).await.unwrap();
            if status.schedule.is_some_and(|schedule| schedule.timers == before + 1) {
                break;
            }
            assert!(begun.elapsed() < SOON, "the timer is never seen");
        }
        // What came while nobody read may be read at once.
        let most = 2.0 * (begun.elapsed() + Duration::from_secs(5)).as_secs_f64();
        assert!(f64::from(seen) <= most, "{seen} in {:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_the_process_and_too_many_are_refused() {
    let world = World::of(World::builder(LONG).env("LIVE_STREAMS", "2")).await;
    let (mut one, _other) = (world.look_on().await, world.look_on().await);
    let third = world.request(Method::GET, "/api/live").bearer_auth(VIEWER_TOKEN);
    world.send(third).await.error(503);
    assert!(next(&mut one).await.is_some());
    let console = &world.platform.services(Service::Console)[0];
    console.terminate().unwrap();
    while next(&mut one).await.is_some() {}
    assert!(console.wait_exit(SOON).await.unwrap().success());
}
