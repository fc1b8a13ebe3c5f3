//! What was told stays known, whatever the broker loses.

use std::time::Duration;

use async_nats::jetstream;
use bytes::Bytes;
use common::{Service, event::Subject};
use messaging::topology::Topology;
use platform::CLUSTER;
use testkit::{Nats, eventually};

use crate::workload::{listener::Listener, notes::Notes, recorder::Recorder, wire::Wire};

const SOON: Duration = Duration::from_secs(20);

async fn make_stream(wire: &Wire) {
    wire.jetstream.create_stream(Topology::new(CLUSTER, 1).stream(Service::Orders)).await.unwrap();
}

/// Another service tells that this order has more time.
async fn tell(wire: &Wire, order: &str) {
    let body = format!(r#"{{"id":"{order}","expiresAt":"2026-01-31T12:00:00.000Z"}}"#);
    eventually("the broker takes an event", SOON, async || {
        let stored = wire.publish(Subject::OrderExtended.as_str(), order, Bytes::from(body.clone())).await;
        if stored { Ok(()) } else { Err("it does not".to_owned()) }
    })
    .await;
}

async fn knows(notes: &Notes, orders: &[&str]) {
    eventually("all that was told is known", SOON, async || {
        let heard = notes.record().heard;
        let missing: Vec<&&str> = orders
            .iter()
            .filter(|order| !heard.iter().any(|heard| String::from_utf8_lossy(&heard.body).contains(**order)))
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?} are missing")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recorder_keeps_what_a_stream_lost_that_went_back_or_was_deleted() {
    let nats = Nats::start().await.unwrap();
    let wire = Wire::connect(&nats.url()).await.unwrap();
    make_stream(&wire).await;
    let notes = Notes::default();
    let _recorder = Recorder::start(&wire, &notes);
    tell(&wire, "o-1").await;
    let older = nats.snapshot_files().await.unwrap();
    tell(&wire, "o-2").await;
    tell(&wire, "o-3").await;
    knows(&notes, &["o-1", "o-2", "o-3"]).await;

    // It grows beyond what was read of it, with other messages in the same places.
    nats.restore_files(&older).await.unwrap();
    for order in ["p-2", "p-3", "p-4"] {
        tell(&wire, order).await;
    }
    knows(&notes, &["p-2", "p-3", "p-4"]).await;

    wire.jetstream.delete_stream(Topology::new(CLUSTER, 1).stream_name(Service::Orders)).await.unwrap();
    make_stream(&wire).await;
    for order in ["q-1", "q-2", "q-3", "q-4", "q-5"] {
        tell(&wire, order).await;
    }
    knows(&notes, &["o-1", "o-2", "o-3", "p-2", "p-3", "p-4", "q-1", "q-2", "q-3", "q-4", "q-5"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_listener_hears_what_is_published_after_the_broker_was_away_and_needs_no_stream() {
    let nats = Nats::start().await.unwrap();
    let notes = Notes::default();
    let _listener = Listener::start(&nats.url(), &notes).await.unwrap();
    let client = async_nats::connect(nats.url()).await.unwrap();
    let jetstream = jetstream::new(client);
    for _ in 0..2 {
        nats.restart().await.unwrap();
        let wire = Wire { jetstream: jetstream.clone() };
        let order = common::event::Id::generate();
        eventually("it is heard", SOON, async || {
            let body = format!(r#"{{"id":"{order}","expiresAt":"2026-01-31T12:00:00.000Z"}}"#);
            // Nothing stores it.
            wire.publish(Subject::OrderExtended.as_str(), order.as_str(), Bytes::from(body)).await;
            let heard = notes.record().heard;
            let is_it = |body: &Bytes| String::from_utf8_lossy(body).contains(order.as_str());
            if heard.iter().any(|heard| is_it(&heard.body)) { Ok(()) } else { Err("it is not".to_owned()) }
        })
        .await;
    }
}
