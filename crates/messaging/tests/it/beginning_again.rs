//! A consumer that is made anew where it has to begin, while its listeners are there.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use async_nats::jetstream::consumer::DeliverPolicy;
use common::{Service, event::Subject};
use futures_util::future::join_all;
use messaging::Floor;
use testkit::eventually;
use tokio::sync::Semaphore;

use crate::{
    handling::{Seen, content, gated},
    world::{CONSUMER, LONG, Replica, STREAM, World, options},
};

const LISTENER: (Service, Subject) = (Service::Orders, Subject::ExpirationComplete);

fn orders(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("o{n}"))
}

async fn floor(world: &World) -> Floor {
    let broker = world.broker_of(Service::Expiration).await;
    broker.floors(&[LISTENER]).await.unwrap()[0].unwrap()
}

/// Each of the orders from `begin` was seen this often.
async fn each_is_seen(seen: &Seen, begin: usize, count: usize, times: usize) {
    eventually("they are seen as often as they should", LONG, async || {
        let counts = seen.counts();
        let wrong = (begin..count).map(|n| format!("o{n}")).find(|order| counts.get(order) != Some(&times));
        wrong.map_or(Ok(()), |order| Err(format!("{order} of {counts:?}")))
    })
    .await;
}

#[tokio::test]
async fn how_far_a_consumer_has_come_is_told_and_one_that_is_not_there_is_none() {
    let world = World::start().await;
    let broker = world.broker_of(Service::Expiration).await;
    assert_eq!(broker.floors(&[LISTENER]).await.unwrap(), [None]);
    world.create_consumer(Duration::from_secs(30)).await;
    world.publish_all(orders(10)).await;
    let waiting = floor(&world).await;
    assert_eq!((waiting.acked, waiting.delivered, waiting.pending, waiting.in_hand), (0, 0, 10, 0));
    assert!(!waiting.is_idle() && waiting.taken(10) == 0);
    let replica = world.replica(content(&Seen::default()), options(10, 2, 5)).await;
    world.drained().await;
    let idle = floor(&world).await;
    assert!(idle.is_idle() && idle.taken(10) == 10 && !idle.is_ahead_of(10), "{idle:?}");
    replica.stop().await;
}

#[tokio::test]
async fn what_lies_behind_is_delivered_again_to_listeners_that_are_there_and_to_none_twice() {
    let world = World::start().await;
    world.create_consumer(Duration::from_secs(29)).await;
    world.publish_all(orders(10)).await;
    let seen = Seen::default();
    let replicas = [
        world.replica(content(&seen), options(10, 2, 5)).await,
        world.replica(content(&seen), options(10, 2, 5)).await,
    ];
    world.drained().await;
    let broker = world.broker_of(Service::Expiration).await;
    let begin = Instant::now();
    broker.begin_again(LISTENER, Some(4)).await.unwrap();
    each_is_seen(&seen, 4, 10, 2).await;
    assert!(begin.elapsed() < Duration::from_secs(5), "it took {:?}", begin.elapsed());
    each_is_seen(&seen, 0, 4, 1).await;
    world.drained().await;
    let config = world.consumer().await.unwrap().config;
    assert_eq!(config.deliver_policy, DeliverPolicy::ByStartSequence { start_sequence: 5 });
    assert_eq!(config.ack_wait, Duration::from_secs(29), "its settings stay");
    broker.begin_again(LISTENER, None).await.unwrap();
    each_is_seen(&seen, 0, 4, 2).await;
    each_is_seen(&seen, 4, 10, 3).await;
    world.drained().await;
    join_all(replicas.map(Replica::stop)).await;
}

#[tokio::test]
async fn behind_the_end_of_the_stream_is_its_end() {
    let world = World::start().await;
    world.create_consumer(Duration::from_secs(30)).await;
    world.publish_all(orders(3)).await;
    let broker = world.broker_of(Service::Expiration).await;
    broker.begin_again(LISTENER, Some(1_000)).await.unwrap();
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    world.publish("next").await;
    eventually("the next one is handled", LONG, async || match seen.count("next") {
        1 => Ok(()),
        _ => Err(format!("{:?}", seen.counts())),
    })
    .await;
    assert_eq!(seen.total(), 1);
    replica.stop().await;
}

#[tokio::test]
async fn a_consumer_that_nobody_made_yet_begins_where_it_has_to() {
    let world = World::start().await;
    let broker = world.broker_of(Service::Expiration).await;
    assert!(broker.begin_again(LISTENER, None).await.is_err(), "there is no stream");
    world.create_stream().await;
    world.publish_all(orders(5)).await;
    broker.begin_again(LISTENER, Some(3)).await.unwrap();
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    each_is_seen(&seen, 3, 5, 1).await;
    assert_eq!(seen.total(), 2);
    replica.stop().await;
}

#[tokio::test]
async fn a_consumer_ahead_of_its_stream_gets_everything_once_it_is_begun_again() {
    let world = older_stream_with_newer_consumer().await;
    world.nats.restart().await.unwrap();
    let broker = world.broker_of(Service::Expiration).await;
    let last = broker.last_place(Service::Expiration).await.unwrap().unwrap().sequence;
    assert_eq!(last, 3, "the stream is the older one");
    let ahead = floor(&world).await;
    // Newer servers set it right by themselves, or half.
    println!("ahead: {} {ahead:?}", ahead.is_ahead_of(last));
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    world.publish_all((0..5).map(|n| format!("n{n}"))).await;
    eventually("it listens", LONG, async || match floor(&world).await.waiting {
        0 => Err("it does not".to_owned()),
        _ => Ok(()),
    })
    .await;
    if ahead.is_ahead_of(last) {
        let info = world.consumer().await.unwrap();
        assert_eq!((info.num_pending, seen.total()), (0, 0), "it gets nothing");
    }
    broker.begin_again(LISTENER, Some(last)).await.unwrap();
    eventually("all that is new is handled", LONG, async || match seen.counts().len() {
        5 => Ok(()),
        _ => Err(format!("{:?}", seen.counts())),
    })
    .await;
    world.drained().await;
    assert!(!floor(&world).await.is_ahead_of(8));
    replica.stop().await;
}

#[tokio::test]
async fn a_consumer_whose_settings_were_lost_and_whose_state_was_not_passes_over_nothing() {
    let world = older_stream_with_newer_consumer().await;
    // As a server leaves it whose disk is full.
    fs::write(consumer_files(&world).join("meta.inf"), "").unwrap();
    world.nats.restart().await.unwrap();
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    world.publish_all((0..5).map(|n| format!("n{n}"))).await;
    eventually("all that is new is handled", LONG, async || {
        let counts = seen.counts();
        let missed: Vec<_> =
            (0..5).map(|n| format!("n{n}")).filter(|new| !counts.contains_key(new)).collect();
        if missed.is_empty() { Ok(()) } else { Err(format!("{missed:?} are not; {counts:?}")) }
    })
    .await;
    replica.stop().await;
}

/// A broker that stands still, whose stream has three messages and whose consumer has taken twenty more.
async fn older_stream_with_newer_consumer() -> World {
    let world = World::start().await;
    world.create_consumer(Duration::from_secs(30)).await;
    let replica = world.replica(content(&Seen::default()), options(10, 2, 5)).await;
    world.publish_all(orders(3)).await;
    world.drained().await;
    let older = world.nats.snapshot_files().await.unwrap();
    world.publish_all(orders(20)).await;
    world.drained().await;
    replica.stop().await;
    world.nats.stop().await.unwrap();
    let newer = tempfile(&consumer_files(&world));
    world.nats.restore_files(&older).await.unwrap();
    world.nats.stop().await.unwrap();
    copy(&newer, &consumer_files(&world));
    fs::remove_dir_all(newer).unwrap();
    world
}

fn consumer_files(world: &World) -> std::path::PathBuf {
    world.nats.data_directory().join("jetstream/$G/streams").join(STREAM).join("obs").join(CONSUMER)
}

fn tempfile(files: &Path) -> std::path::PathBuf {
    let kept = files.ancestors().nth(7).unwrap().join("newer-consumer");
    fs::create_dir_all(&kept).unwrap();
    copy(files, &kept);
    kept
}

/// The files of one directory, which has no others in it.
fn copy(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Longer than any answer is sent without a question.
async fn a_while_has_passed() {
    let begin = Instant::now();
    eventually("a while has passed", LONG, async || match begin.elapsed() {
        long if long > Duration::from_secs(1) => Ok(()),
        short => Err(format!("{short:?}")),
    })
    .await;
}

async fn is_in_hand(seen: &Seen, order: &str) {
    eventually(&format!("{order} is in hand"), LONG, async || match seen.count(order) {
        0 => Err("it is not".to_owned()),
        _ => Ok(()),
    })
    .await;
}

#[tokio::test]
async fn an_answer_to_a_message_of_before_is_none_to_the_one_that_has_its_sequence_now() {
    let world = World::start().await;
    world.create_consumer(Duration::from_secs(30)).await;
    world.publish("old").await;
    let (first, gate) = (Seen::default(), Arc::new(Semaphore::new(0)));
    let slow = world.replica(gated(&first, &gate), options(1, 1, 5)).await;
    is_in_hand(&first, "old").await;
    world.jetstream.delete_stream(STREAM).await.unwrap();
    world.create_consumer(Duration::from_secs(2)).await;
    assert_eq!(world.publish("new").await, 1, "the sequences begin again");
    let second = Seen::default();
    let doomed = world.doomed(gated(&second, &Arc::new(Semaphore::new(0))), options(1, 1, 5));
    is_in_hand(&second, "new").await;
    a_while_has_passed().await;
    gate.add_permits(10);
    slow.stop().await;
    doomed.shutdown_background();
    let third = Seen::default();
    let other = world.replica(content(&third), options(10, 2, 5)).await;
    is_in_hand(&third, "new").await;
    world.drained().await;
    other.stop().await;
}

#[tokio::test]
async fn an_answer_to_a_message_that_the_stream_has_lost_takes_no_other_with_it() {
    let world = World::start().await;
    world.create_consumer(Duration::from_secs(30)).await;
    let (seen, gate) = (Seen::default(), Arc::new(Semaphore::new(1)));
    let replica = world.replica(gated(&seen, &gate), options(1, 1, 5)).await;
    world.publish("kept").await;
    world.drained().await;
    let older = world.nats.snapshot_files().await.unwrap();
    for lost in ["a", "b", "lost"] {
        world.publish(lost).await;
    }
    gate.add_permits(2);
    is_in_hand(&seen, "lost").await;
    world.nats.restore_files(&older).await.unwrap();
    for new in ["n1", "n2", "n3"] {
        world.publish(new).await;
    }
    gate.add_permits(100);
    for new in ["n1", "n2", "n3"] {
        is_in_hand(&seen, new).await;
    }
    world.drained().await;
    replica.stop().await;
}

#[tokio::test]
async fn what_is_in_hand_while_the_connection_is_lost_is_answered_on_the_next() {
    let world = World::start().await;
    world.create_consumer(Duration::from_secs(30)).await;
    let (seen, gate) = (Seen::default(), Arc::new(Semaphore::new(0)));
    let replica = world.replica(gated(&seen, &gate), options(10, 1, 5)).await;
    world.publish("o").await;
    is_in_hand(&seen, "o").await;
    world.nats.stop().await.unwrap();
    gate.add_permits(100);
    world.nats.restart().await.unwrap();
    let begin = Instant::now();
    world.drained().await;
    assert!(begin.elapsed() < Duration::from_secs(15), "it took {:?}, an ack wait", begin.elapsed());
    assert_eq!(seen.count("o"), 1);
    replica.stop().await;
}
