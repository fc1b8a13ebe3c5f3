//! What `console` looks up on the broker: when an event was stored, how everything is, and the audit.

use std::time::{Duration, Instant};

use async_nats::{HeaderMap, jetstream::ErrorCode};
use common::{Service, event::Subject};
use messaging::{AuditSearch, Broker, EventSearch, StoredMessage, topology};
use testkit::eventually;
use tokio_util::sync::CancellationToken;

use crate::{
    handling::{Seen, content},
    world::{CONSUMER, LONG, STREAM, World, body, options, topology},
};

/// `console`'s connection, with its streams.
async fn console(world: &World) -> Broker {
    let broker = world.broker_of(Service::Console).await;
    tokio::spawn(broker.clone().watch(CancellationToken::new()));
    eventually("the audit is there", LONG, async || world.stream("c-audit").await).await;
    broker
}

fn is_of(order: &str) -> impl Fn(&StoredMessage) -> bool {
    let wanted = body(order);
    move |message| message.payload == wanted
}

#[tokio::test]
async fn an_event_is_found_by_when_it_was_stored_among_many() {
    let world = World::start().await;
    world.create_stream().await;
    world.publish_all((0..20_000).map(|n| format!("before{n}"))).await;
    let sequence = world.publish("wanted").await;
    world.publish_all((0..20_000).map(|n| format!("behind{n}"))).await;
    let stored = world.stream(STREAM).await.unwrap().get_raw_message(sequence).await.unwrap();
    let stored_ns = stored.time.unix_timestamp_nanos() as i64;
    let broker = console(&world).await;
    let at_ms = stored_ns / 1_000_000;
    let search = EventSearch {
        subject: Subject::ExpirationComplete,
        from_ms: at_ms,
        to_ms: at_ms + 1_000,
        most: 2_000,
        limit: Duration::from_secs(2),
    };
    let begin = Instant::now();
    let found = broker.find_event(search, is_of("wanted")).await.unwrap().unwrap();
    assert_eq!((found.sequence, found.stored_ns), (sequence, stored_ns));
    assert!(begin.elapsed() < Duration::from_millis(500), "it took {:?}", begin.elapsed());
    // Not there: the search ends with what it may look at, and not with the time.
    let begin = Instant::now();
    assert!(broker.find_event(search, is_of("nobody")).await.unwrap().is_none());
    let late = EventSearch { from_ms: at_ms + 3_600_000, to_ms: i64::MAX, ..search };
    assert!(broker.find_event(late, is_of("wanted")).await.unwrap().is_none());
    let none = EventSearch { subject: Subject::PaymentCreated, ..search };
    assert!(broker.find_event(none, is_of("wanted")).await.unwrap().is_none(), "there is no such stream");
    assert!(begin.elapsed() < Duration::from_millis(1_500), "it took {:?}", begin.elapsed());
}

#[tokio::test]
async fn streams_and_consumers_are_shown_as_they_are_and_how_long_the_oldest_message_waits() {
    let world = World::start().await;
    let broker = console(&world).await;
    let replica = world.replica(content(&Seen::default()), options(10, 2, 5)).await;
    world.publish("done").await;
    world.drained().await;
    replica.stop().await;
    eventually("the broker knows that nobody asks any more", LONG, async || {
        let looks = broker.look_at_consumers().await.map_err(|error| error.to_string())?;
        let asked = looks.iter().filter_map(|look| look.info.as_ref()).map(|info| info.num_waiting).sum();
        if let 0 = asked { Ok(()) } else { Err(format!("{asked} requests wait")) }
    })
    .await;
    let waits = world.publish("waits").await;
    world.publish("waits too").await;
    let streams = broker.look_at_streams().await.unwrap();
    let stream = |name: &str| streams.iter().find(|stream| stream.name == name).unwrap();
    assert_eq!(stream(STREAM).info.as_ref().unwrap().state.messages, 3);
    assert!(stream("c-audit").info.is_some() && stream("c-audit").differences.is_empty());
    assert!(stream("c-replays").info.is_none() && stream("c-replays").is_optional);
    let consumers = broker.look_at_consumers().await.unwrap();
    assert_eq!(consumers.len(), topology::listeners().len());
    let consumer = consumers.iter().find(|consumer| consumer.name == CONSUMER).unwrap();
    assert_eq!(consumer.info.as_ref().unwrap().num_pending, 2);
    let oldest = world.stream(STREAM).await.unwrap().get_raw_message(waits).await.unwrap();
    assert_eq!(consumer.oldest_ns.map(i128::from), Some(oldest.time.unix_timestamp_nanos()));
    assert!(consumers.iter().filter(|consumer| consumer.name != CONSUMER).all(|other| other.info.is_none()));
}

/// The bodies of what a search hands out, and where the next one goes on.
async fn found(broker: &Broker, search: AuditSearch<'_>, limit: usize) -> (Vec<String>, Option<u64>) {
    let mut bodies = Vec::new();
    let log = broker.audit_log();
    let next = log.search(search, |entry| {
        bodies.push(String::from_utf8_lossy(&entry.payload).into_owned());
        bodies.len() < limit
    });
    let next = next.await.unwrap();
    (bodies, next)
}

#[tokio::test]
async fn the_audit_is_written_once_read_backwards_and_never_deleted() {
    let world = World::start().await;
    let broker = console(&world).await;
    let log = broker.audit_log();
    let of =
        |n: u64| topology::audit_subject("order", if n.is_multiple_of(1_000) { "rare" } else { "common" });
    assert_eq!(log.store(&of(1), "1", "1".into()).await.unwrap(), 1);
    assert_eq!(log.store(&of(1), "1", "1".into()).await.unwrap(), 1, "the same again is the same entry");
    for n in 2..=3_000 {
        world.store(&of(n), HeaderMap::new(), &n.to_string()).await;
    }
    let all = AuditSearch { subject: None, before: None, most: 20_000 };
    assert_eq!(
        found(&broker, all.clone(), 3).await,
        (vec!["3000".into(), "2999".into(), "2998".into()], Some(2_998))
    );
    let page = AuditSearch { before: Some(2_998), ..all.clone() };
    assert_eq!(found(&broker, page, 2).await.0, ["2997", "2996"]);
    let (entries, next) = found(&broker, all.clone(), usize::MAX).await;
    assert_eq!((entries.len(), next), (3_000, None));
    let bounded = AuditSearch { most: 500, ..all.clone() };
    let (entries, next) = found(&broker, bounded, usize::MAX).await;
    assert_eq!((entries.len(), next), (500, Some(2_501)));
    let rare = of(1_000);
    let (entries, next) = found(&broker, AuditSearch { subject: Some(&rare), ..all.clone() }, 100).await;
    assert_eq!((entries, next), (vec!["3000".to_owned(), "2000".to_owned(), "1000".to_owned()], None));
    let none = topology::audit_subject("order", "none");
    assert_eq!(found(&broker, AuditSearch { subject: Some(&none), ..all }, 100).await, (vec![], None));
    // Not even by whoever may do everything else.
    let stream = world.stream("c-audit").await.unwrap();
    assert!(stream.delete_message(1).await.is_err());
    assert!(stream.purge().await.is_err());
    let config = async_nats::jetstream::stream::Config { deny_delete: false, ..topology().audit() };
    let refused = world.jetstream.update_stream(&config).await.unwrap_err();
    assert!(refused.to_string().contains("deny"), "{refused} {:?}", ErrorCode::STREAM_UPDATE);
    assert_eq!(world.stream("c-audit").await.unwrap().cached_info().state.messages, 3_000);
}
