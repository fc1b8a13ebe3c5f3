//! Several workers, of which one rebuilds, and one that is killed half-way.

use std::time::Duration;

use common::Service;
use expiration::schedule::{Job, RebuildBatch, RebuildStep};
use messaging::Place;
use testkit::poll;

use crate::{
    model::{Model, Told, scheduled},
    support::{World, in_ms},
    worker::Worker,
};

const HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn a_rebuild_that_is_killed_half_way_is_taken_over_where_it_was() {
    let world = World::start().await;
    let orders: Vec<_> = {
        let mut told = Vec::new();
        for minute in 0..4 {
            told.push((world.order(in_ms(HOUR_MS + minute)).await, minute));
        }
        told
    };
    let killed = Worker::idle(&world.nats, &world.redis.url(), "worker-1").await;
    let mut lease = killed.schedule.begin_rebuild().await.unwrap().unwrap();
    let half = killed.broker.place_at(Service::Orders, 2).await.unwrap().unwrap();
    let fired = killed.broker.last_place(Service::Expiration).await.unwrap().unwrap();
    // As if it had applied the first two; that it has not shows where the next one begins.
    let step = RebuildStep::Place(half, fired);
    killed.schedule.apply_rebuild(&mut lease, &RebuildBatch::default(), step, (2, 4)).await.unwrap();
    drop(killed);
    let next = Worker::idle(&world.nats, &world.redis.url(), "worker-2").await.rebuilding();
    let end = next.holds().await;
    assert_eq!(end.sequence, 4);
    let found: Vec<_> = scheduled(&world).await.into_keys().collect();
    let mut expected: Vec<_> = orders[2..].iter().map(|(id, _)| id.clone()).collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_rebuild_that_has_lost_its_streams_begins_at_their_beginning_though_it_was_half_way() {
    let world = World::start().await;
    let id = world.order(in_ms(HOUR_MS)).await;
    let killed = Worker::idle(&world.nats, &world.redis.url(), "worker-1").await;
    let mut lease = killed.schedule.begin_rebuild().await.unwrap().unwrap();
    let fired = killed.broker.last_place(Service::Expiration).await.unwrap().unwrap();
    let elsewhere = Place { created_ns: 1, sequence: 1, stored_ns: 1 };
    let step = RebuildStep::Place(elsewhere, fired);
    killed.schedule.apply_rebuild(&mut lease, &RebuildBatch::default(), step, (2, 4)).await.unwrap();
    killed.schedule.give_up_rebuild(&lease).await.unwrap();
    let next = Worker::idle(&world.nats, &world.redis.url(), "worker-2").await.rebuilding();
    next.holds().await;
    assert_eq!(scheduled(&world).await.into_keys().collect::<Vec<_>>(), [id]);
}

#[tokio::test]
async fn a_checkpoint_waits_for_every_consumer() {
    let world = World::start().await;
    let worker = Worker::idle(&world.nats, &world.redis.url(), "worker-1").await.rebuilding();
    let before = worker.holds().await;
    let id = world.order(in_ms(HOUR_MS)).await;
    let moves = poll(Duration::from_secs(4), async || {
        worker.watch.ask();
        let checkpoint = worker.schedule.standing(None).await.map_err(|error| error.to_string())?.checkpoint;
        let place = checkpoint.ok_or("none")?.orders;
        (place != before).then_some(()).ok_or(format!("{place:?}"))
    });
    assert!(moves.await.is_err(), "nobody has taken it");
    let worker = worker.listening();
    assert_eq!(worker.holds().await.sequence, 1);
    assert_eq!(scheduled(&world).await.into_keys().collect::<Vec<_>>(), [id]);
}

#[tokio::test]
async fn of_two_workers_one_rebuilds_and_both_know_the_result() {
    let world = World::start().await;
    let mut model = Model::of(60);
    for order in 0..60 {
        model.tell(&world, &Told::Created { order, due_ms: in_ms(HOUR_MS) }).await;
    }
    let start =
        async |name| Worker::idle(&world.nats, &world.redis.url(), name).await.listening().rebuilding();
    let (first, second) = (start("worker-1").await, start("worker-2").await);
    for _ in 0..5 {
        first.has_taken_everything().await;
        first.holds().await;
        second.holds().await;
        assert_eq!(scheduled(&world).await, model.timers());
        world.redis_command::<()>(&["FLUSHALL"]).await;
        first.watch.ask();
        second.watch.ask();
    }
    first.stop().await;
    second.holds().await;
    assert_eq!(scheduled(&world).await, model.timers());
}

#[tokio::test]
async fn a_rebuild_without_a_checkpoint_does_not_touch_what_is_there() {
    let world = World::start().await;
    let worker = Worker::idle(&world.nats, &world.redis.url(), "worker-1").await;
    let unknown = Job { id: "newer-or-older-than-the-stream".parse().unwrap(), due_ms: in_ms(HOUR_MS) };
    worker.schedule.schedule(std::slice::from_ref(&unknown)).await.unwrap();
    let worker = worker.rebuilding();
    worker.holds().await;
    assert_eq!(scheduled(&world).await, [(unknown.id, unknown.due_ms)].into());
}
