//! What the broker loses of what it had acknowledged is told again, whoever died meanwhile.

use std::{path::Path, time::Duration};

use common::event::OrderCancelled;
use futures_util::{StreamExt as _, future::join};
use outbox::Checked;
use testkit::{Snapshot, eventually};

use crate::{
    listener::Listener,
    running::Running,
    waits::{LIMIT, acknowledged, drained, heard, relay_all, told_again},
    world::World,
};

/// From the moment at which the broker is back.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_restored_from_an_older_copy_is_told_again_what_was_changed_since_and_no_more() {
    let world = World::new().await;
    let (running, listener) = (Running::start(&world), Listener::start(&world).await);
    let older = world.changes(20).await;
    heard(&listener, &older).await;
    world.an_hour_later().await;
    world.mark().await;
    let copy = world.nats.snapshot_files().await.unwrap();
    let newer = world.changes(30).await;
    world.wake.ring();
    heard(&listener, &newer).await;
    world.mark().await;

    listener.forget();
    world.nats.restore_files(&copy).await.unwrap();
    let begun = tokio::time::Instant::now();
    heard(&listener, &newer).await;
    assert!(begun.elapsed() < SOON, "it took {:?}", begun.elapsed());
    drained(&world).await;
    assert_eq!(world.told_again("lost").await, (1, 30));
    assert_eq!(world.messages().await.len(), 50);
    assert_eq!(outbox::state(&world.database).await.unwrap().told_again.unwrap().events, 30);
    listener.stop().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_stream_is_made_anew_and_told_everything() {
    let world = World::new().await;
    let (running, listener) = (Running::start(&world), Listener::start(&world).await);
    let events = world.changes(20).await;
    heard(&listener, &events).await;
    world.mark().await;
    listener.forget();
    world.jetstream.delete_stream("ticketing-orders").await.unwrap();
    heard(&listener, &events).await;
    drained(&world).await;
    assert_eq!(world.told_again("lost").await, (1, 20));
    assert_eq!(world.messages().await.len(), 20);
    listener.stop().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_has_grown_again_before_anybody_looks_is_known_to_have_lost_something() {
    let world = World::new().await;
    let relay = world.relay();
    let older = world.changes(10).await;
    relay_all(&relay).await;
    let copy = world.nats.snapshot_files().await.unwrap();
    let newer = world.changes(5).await;
    relay_all(&relay).await;
    world.nats.restore_files(&copy).await.unwrap();
    world.publish_foreign(20).await;
    assert_eq!(told_again(&world).await, 15);
    relay_all(&world.relay()).await;
    let messages = world.messages().await;
    for event in older.iter().chain(&newer) {
        assert!(messages.contains_key(&serde_json::to_string(event).unwrap()));
    }
    assert_eq!(world.check().run_once().await.unwrap(), Checked::Well);
}

/// A broker that is about to go back to a copy.
struct Before {
    world: World,
    listener: Listener,
    copy: Snapshot,
    /// Five events that the copy has not, heard all the same.
    lost: Vec<OrderCancelled>,
}

async fn before_a_loss() -> Before {
    let world = World::new().await;
    let (relay, listener) = (world.relay(), Listener::start(&world).await);
    let events = world.changes(10).await;
    relay_all(&relay).await;
    heard(&listener, &events).await;
    world.an_hour_later().await;
    world.mark().await;
    let copy = world.nats.snapshot_files().await.unwrap();
    let lost = world.changes(5).await;
    relay_all(&relay).await;
    heard(&listener, &lost).await;
    Before { world, listener, copy, lost }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_has_gone_on_in_a_stream_that_grew_again_is_put_back_to_where_the_loss_may_have_begun()
 {
    let Before { world, listener, copy, lost } = before_a_loss().await;
    world.nats.restore_files(&copy).await.unwrap();
    let foreign = world.publish_foreign(20).await;
    heard(&listener, &foreign).await;
    listener.forget();
    assert_eq!(told_again(&world).await, 5);
    relay_all(&world.relay()).await;
    heard(&listener, &lost).await;
    heard(&listener, &foreign).await;
    listener.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_ahead_of_its_stream_gets_what_takes_the_lost_sequences() {
    let Before { world, listener, copy, lost } = before_a_loss().await;
    acknowledged(&world, 15).await;

    // The files of the consumers are the newer ones, and those of the messages the older ones.
    world.nats.stop().await.unwrap();
    let consumers = world.nats.data_directory().join("jetstream/$G/streams/ticketing-orders/obs");
    let kept = tempfile::tempdir().unwrap();
    copy_files(&consumers, kept.path());
    world.nats.restore_files(&copy).await.unwrap();
    world.nats.kill().await.unwrap();
    copy_files(kept.path(), &consumers);
    world.nats.restart().await.unwrap();

    listener.forget();
    assert_eq!(told_again(&world).await, 5);
    relay_all(&world.relay()).await;
    heard(&listener, &lost).await;
    listener.stop().await;
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_files(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_lost_between_its_puback_and_the_commit_stays_in_the_outbox_and_is_looked_for() {
    let world = World::new().await;
    // Somebody answers for the stream, which does not have the subject.
    world.use_stream_of(&["order:created"]).await;
    let client = async_nats::connect(world.nats.url()).await.unwrap();
    let mut published = client.subscribe("order:cancelled").await.unwrap();
    client.flush().await.unwrap();
    let answering = tokio::spawn(async move {
        while let Some(message) = published.next().await {
            let reply = message.reply.unwrap();
            #[expect(clippy::disallowed_methods, reason = "this plays a broker that loses what it stores")]
            client.publish(reply, r#"{"stream":"ticketing-orders","seq":7}"#.into()).await.unwrap();
        }
    });
    world.changes(3).await;
    let pass = world.relay().run_once().await.unwrap();
    assert_eq!((pass.taken, pass.stored), (3, 0), "{pass:?}");
    assert!(pass.failure.unwrap().to_string().contains("does not have it any more"));
    assert_eq!(world.depth().await, 3);
    assert_eq!(world.remembered().await, [7]);

    answering.abort();
    world.use_stream_of(&["order:created", "order:cancelled"]).await;
    assert_eq!(told_again(&world).await, 3);
    assert_eq!(world.check().run_once().await.unwrap(), Checked::Well);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_was_killed_leaves_behind_what_it_takes_to_find_a_loss() {
    let world = World::new().await;
    world.use_stream_of(&["order:created", "order:cancelled"]).await;
    let copy = world.nats.snapshot_files().await.unwrap();
    let events = world.changes(5).await;
    let dying = world.relay();
    relay_all(&dying).await;
    drop(dying);
    world.nats.restore_files(&copy).await.unwrap();
    // The next one knows of nothing, and hides nothing.
    let next = world.relay();
    let later = world.changes(8).await;
    relay_all(&next).await;
    assert_eq!(told_again(&world).await, 13);
    relay_all(&next).await;
    let messages = world.messages().await;
    for event in events.iter().chain(&later) {
        assert!(messages.contains_key(&serde_json::to_string(event).unwrap()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_misses_what_it_remembers_deletes_nothing_and_waits_until_it_is_told_again() {
    let world = World::new().await;
    world.use_stream_of(&["order:created", "order:cancelled"]).await;
    let copy = world.nats.snapshot_files().await.unwrap();
    let relay = world.relay();
    world.changes(5).await;
    relay_all(&relay).await;
    world.nats.restore_files(&copy).await.unwrap();
    world.changes(1).await;
    let pass = eventually("the broker answers", LIMIT, async || {
        let pass = relay.run_once().await.map_err(|error| format!("{error:#}"))?;
        let failure = pass.failure.as_ref().map(|failure| format!("{failure:#}"));
        if failure.is_some_and(|failure| failure.contains("has lost")) {
            Ok(pass)
        } else {
            Err(format!("{pass:?}"))
        }
    })
    .await;
    assert_eq!((pass.taken, pass.stored), (1, 0));
    let stored = world.stored().await;
    let error = relay.run_once().await.unwrap_err();
    assert!(format!("{error:#}").contains("has lost"), "{error:#}");
    assert_eq!((world.depth().await, world.stored().await), (1, stored));
    assert_eq!(told_again(&world).await, 6);
    relay_all(&relay).await;
    assert_eq!(world.depth().await, 0);
    assert_eq!(world.messages().await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_replicas_one_tells_again() {
    let world = World::new().await;
    let relay = world.relay();
    world.changes(5).await;
    relay_all(&relay).await;
    world.jetstream.delete_stream("ticketing-orders").await.unwrap();
    let (mut one, mut other) = (world.check(), world.check());
    let (one, other) = join(one.run_once(), other.run_once()).await;
    let told = [one.unwrap(), other.unwrap()].into_iter().filter(|checked| *checked == Checked::ToldAgain(5));
    assert_eq!(told.count(), 1);
    assert_eq!((world.told_again("lost").await, world.depth().await), ((1, 5), 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_health_nothing_is_told_again_and_one_place_is_remembered() {
    let world = World::new().await;
    let (one, other) = (Running::start(&world), Running::start(&world));
    let listener = Listener::start(&world).await;
    let mut events = Vec::new();
    for _ in 0..5 {
        events.extend(world.changes(40).await);
        world.wake.ring();
        world.mark().await;
    }
    heard(&listener, &events).await;
    drained(&world).await;
    sqlx::query("update outbox_told set at = at - interval '1 minute'").execute(&world.pool).await.unwrap();
    world.mark().await;
    assert_eq!(world.remembered().await, [200]);
    assert_eq!((world.told_again("lost").await, world.told_again("fell out").await), ((0, 0), (0, 0)));
    for running in [one, other] {
        running.stop().await;
    }
    listener.stop().await;
}
