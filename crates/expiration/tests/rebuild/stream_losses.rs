//! A stream loses what it had acknowledged: it is deleted, or put back from an older copy of its files.

use std::collections::BTreeMap;

use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use common::{Service, event::Id, event::Subject};
use messaging::topology::{self, Topology};
use testkit::eventually;

use crate::{
    model::scheduled,
    support::{CHECKPOINT, CLUSTER, LONG, World, in_ms},
    worker::Worker,
};

const HOUR_MS: i64 = 3_600_000;

async fn delete_stream(world: &World, publisher: Service) {
    let name = Topology::new(CLUSTER, 1).stream_name(publisher);
    world.jetstream.delete_stream(name).await.unwrap();
}

async fn are_there(world: &World, orders: &BTreeMap<Id, i64>) {
    eventually("the timers are there", LONG, async || {
        let found = scheduled(world).await;
        (found == *orders).then_some(()).ok_or(format!("{} of {}", found.len(), orders.len()))
    })
    .await;
}

#[tokio::test]
async fn timers_stay_when_the_orders_stream_is_deleted_and_the_checkpoint_is_of_the_new_one() {
    let world = World::start().await;
    let worker = Worker::idle(&world.nats, &world.redis.url(), "worker-1").await.listening().rebuilding();
    let mut orders = world.orders((0..20).map(|i| in_ms(HOUR_MS) + i)).await;
    worker.has_taken_everything().await;
    let before = worker.holds().await;
    delete_stream(&world, Service::Orders).await;
    world.create_streams().await;
    orders.extend(world.orders((0..5).map(|i| in_ms(HOUR_MS) + i)).await);
    let after = worker.holds().await;
    assert!(after.created_ns != before.created_ns && after.sequence == 5, "{after:?}");
    are_there(&world, &orders).await;
}

#[tokio::test]
async fn timers_stay_when_the_streams_go_back_to_older_files_and_later_ones_come_back_after_a_wipe() {
    let world = World::start().await;
    let worker = Worker::idle(&world.nats, &world.redis.url(), "worker-1").await.listening().rebuilding();
    let mut orders = world.orders((0..20).map(|i| in_ms(HOUR_MS) + i)).await;
    worker.has_taken_everything().await;
    worker.holds().await;
    let older = world.nats.snapshot_files().await.unwrap();
    let forgotten = world.orders((0..10).map(|i| in_ms(HOUR_MS) + i)).await;
    worker.has_taken_everything().await;
    let before = worker.holds().await;
    world.nats.restore_files(&older).await.unwrap();
    // As many as were lost: the same sequences, other messages.
    let later = eventually("the broker is back", LONG, async || {
        world.count(Service::Orders).await?;
        Ok(world.orders((0..10).map(|i| in_ms(HOUR_MS) + i)).await)
    })
    .await;
    orders.extend(later);
    let mut all = orders.clone();
    all.extend(forgotten);
    let after = worker.holds().await;
    assert!(after.sequence == before.sequence && after != before, "{after:?}");
    worker.has_taken_everything().await;
    are_there(&world, &all).await;
    world.redis_command::<()>(&["FLUSHALL"]).await;
    worker.holds().await;
    are_there(&world, &orders).await;
}

#[tokio::test]
async fn timers_whose_expirations_were_lost_fire_again() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    let due = world.orders((0..20).map(|i| in_ms(300) + i)).await;
    let pending = world.orders((0..20).map(|i| in_ms(HOUR_MS) + i)).await;
    world.fires_exactly(&due).await;
    checkpoint_knows_what_fired(&world, 20).await;
    delete_stream(&world, Service::Expiration).await;
    world.all_fired_in_the_next_stream(&due).await;
    are_there(&world, &pending).await;
    assert!(worker.log().contains("expirations has lost"), "{}", worker.log());
}

#[tokio::test]
async fn orders_reads_again_what_may_have_taken_the_place_of_lost_expirations() {
    let world = World::start().await;
    for order in ["a", "b", "c"] {
        world.publish("expiration:complete", &format!(r#"{{"orderId":"{order}"}}"#)).await;
    }
    let wanted = topology::consumer(Service::Orders, Subject::ExpirationComplete);
    let beyond = DeliverPolicy::ByStartSequence { start_sequence: 4 };
    let stream = Topology::new(CLUSTER, 1).stream_name(Service::Expiration);
    let ahead = pull::Config { deliver_policy: beyond, ..wanted };
    world.jetstream.create_consumer_on_stream(ahead, stream.as_str()).await.unwrap();
    let worker = Worker::idle(&world.nats, &world.redis.url(), "worker-1").await.rebuilding();
    worker.holds().await;
    let pending = async || {
        let stream = world.jetstream.get_stream(&stream).await.map_err(|error| error.to_string())?;
        let info = stream.consumer_info("orders-expiration-complete").await;
        info.map(|info| info.num_pending).map_err(|error| error.to_string())
    };
    assert_eq!(pending().await, Ok(0));
    // As if there had been another third message when the checkpoint was written.
    world.redis_command::<()>(&["HINCRBY", CHECKPOINT, "fired_stored", "-1"]).await;
    eventually("the consumer begins again", LONG, async || {
        let pending = pending().await?;
        (pending == 3).then_some(()).ok_or(format!("{pending} pending"))
    })
    .await;
    worker.holds().await;
}

#[tokio::test]
async fn expirations_that_an_older_copy_does_not_have_are_published_again_and_the_others_are_not() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    let kept = world.orders((0..10).map(|i| in_ms(300) + i)).await;
    world.fires_exactly(&kept).await;
    let older = world.nats.snapshot_files().await.unwrap();
    let lost = world.orders((0..10).map(|i| in_ms(300) + i)).await;
    world.all_fired(20).await;
    checkpoint_knows_what_fired(&world, 20).await;
    worker.pause().unwrap();
    world.nats.restore_files(&older).await.unwrap();
    // Their `order:created` is gone as well; whoever tells of them does so again.
    eventually("the broker is back", LONG, async || world.count(Service::Orders).await.map(drop)).await;
    for (id, due_ms) in &lost {
        world.order_again(id, *due_ms).await;
    }
    worker.resume().unwrap();
    world.all_fired(20).await;
    let mut all = kept;
    all.extend(lost);
    world.fires_exactly(&all).await;
}

#[tokio::test]
async fn expirations_that_were_lost_before_the_checkpoint_knew_them_fire_again() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    let mut orders = world.orders((0..10).map(|i| in_ms(300) + i)).await;
    world.fires_exactly(&orders).await;
    checkpoint_knows_what_fired(&world, 10).await;
    let fields = ["fired_created", "fired_sequence", "fired_stored"];
    let known: Vec<String> = world.redis_command(&[&["HMGET", CHECKPOINT], &fields[..]].concat()).await;
    orders.extend(world.orders((0..10).map(|i| in_ms(5_000) + i)).await);
    world.has_scheduled(10).await;
    // It writes down what its consumers have acknowledged: else it would deliver these orders again.
    world.nats.stop().await.unwrap();
    world.nats.start_again().unwrap();
    world.nats.ready().await.unwrap();
    let older = world.nats.snapshot_files().await.unwrap();
    world.all_fired(20).await;
    // As if the look at which it learns of them were yet to come.
    let back: Vec<&str> =
        fields.iter().zip(&known).flat_map(|(field, known)| [field, known.as_str()]).collect();
    world.redis_command::<()>(&[&["HSET", CHECKPOINT], &back[..]].concat()).await;
    world.nats.restore_files(&older).await.unwrap();
    world.fires_exactly(&orders).await;
    assert!(worker.log().contains("expirations has lost"), "{}", worker.log());
}

#[tokio::test]
async fn a_consumer_that_is_ahead_of_its_stream_gets_what_is_stored_next() {
    let world = World::start().await;
    let wanted = topology::consumer(Service::Expiration, Subject::OrderCreated);
    let ahead =
        pull::Config { deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: 1_000 }, ..wanted };
    let stream = Topology::new(CLUSTER, 1).stream_name(Service::Orders);
    world.jetstream.create_consumer_on_stream(ahead, stream).await.unwrap();
    let mut orders = world.orders((0..5).map(|i| in_ms(HOUR_MS) + i)).await;
    let worker = Worker::idle(&world.nats, &world.redis.url(), "worker-1").await.listening().rebuilding();
    are_there(&world, &orders).await;
    orders.extend(world.orders([in_ms(HOUR_MS)]).await);
    are_there(&world, &orders).await;
    worker.has_taken_everything().await;
}

async fn checkpoint_knows_what_fired(world: &World, count: u64) {
    eventually("the checkpoint is advanced in health", LONG, async || {
        let at: Option<u64> = world.redis_command(&["HGET", CHECKPOINT, "fired_sequence"]).await;
        (at == Some(count)).then_some(()).ok_or(format!("at {at:?} of {count}"))
    })
    .await;
}

impl World {
    /// In a stream that may not be there yet.
    async fn all_fired_in_the_next_stream(&self, orders: &BTreeMap<Id, i64>) {
        eventually("the expirations are stored again", LONG, async || {
            let count = self.count(Service::Expiration).await?;
            (count == orders.len()).then_some(()).ok_or(format!("{count} of {}", orders.len()))
        })
        .await;
        self.fires_exactly(orders).await;
    }
}
