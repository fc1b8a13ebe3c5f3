//! A broker, console's engine on it, and dead letters as services leave them.

use std::{sync::Arc, time::Duration};

use async_nats::{
    HeaderMap,
    jetstream::{self, stream},
};
use common::{Service, event::Subject, operator::DeadLetterFilter};
use console::{
    audit::{Audit, AuditFilter, Author},
    dead_letters::DeadLetters,
    operations::OperationStore,
};
use messaging::{
    Broker, NatsServers, NatsSettings, dead_letter_header as header, topology, topology::Topology,
};
use process::health::Health;
use testkit::{Nats, eventually};
use tokio_util::sync::CancellationToken;

/// Far more than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(180);
pub(crate) const CONSUMER: &str = "orders-expiration-complete";

pub(crate) fn topology() -> Topology {
    Topology::new("c", 1)
}

pub(crate) fn author() -> Author {
    Author { who: "ann".to_owned(), role: "operator".to_owned(), from: None, trace_id: "t".to_owned() }
}

pub(crate) fn all() -> DeadLetterFilter {
    DeadLetterFilter::default()
}

/// One letter of somebody's.
pub(crate) struct Left<'a> {
    pub(crate) consumer: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) body: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

pub(crate) const GOOD: Left<'_> =
    Left { consumer: CONSUMER, reason: "the order o is unknown", body: r#"{"orderId":"o"}"#, headers: &[] };

pub(crate) struct World {
    pub(crate) nats: Nats,
    pub(crate) jetstream: jetstream::Context,
    pub(crate) stop: CancellationToken,
}

/// Console's engine of one process.
pub(crate) struct Engine {
    pub(crate) broker: Broker,
    pub(crate) audit: Arc<Audit>,
    pub(crate) letters: Arc<DeadLetters>,
    pub(crate) operations: Arc<OperationStore>,
}

impl World {
    pub(crate) async fn start() -> Self {
        let nats = Nats::start().await.unwrap();
        let options =
            async_nats::ConnectOptions::new().reconnect_delay_callback(|_| Duration::from_millis(20));
        let client = options.connect(nats.url()).await.unwrap();
        let jetstream = jetstream::context::ContextBuilder::new().max_ack_inflight(100_000).build(client);
        let world = Self { nats, jetstream, stop: CancellationToken::new() };
        world.jetstream.create_stream(topology().dead_letters()).await.unwrap();
        world
    }

    pub(crate) async fn broker(&self) -> Broker {
        let servers = NatsServers {
            addresses: vec![self.nats.url().parse().unwrap()],
            ca_file: None,
            client_id: "console".to_owned(),
        };
        let stream_bytes = topology::STREAM_BYTES;
        let settings = NatsSettings { servers, cluster_id: "c".to_owned(), replicas: 1, stream_bytes };
        let broker = Broker::connect(Service::Console, &settings, &Health::new()).await.unwrap();
        tokio::spawn(broker.clone().watch(self.stop.clone()));
        eventually("the audit is there", LONG, async || self.stream("c-audit").await).await;
        broker
    }

    pub(crate) async fn engine(&self) -> Engine {
        let broker = self.broker().await;
        let audit = Audit::start(broker.audit_log(), self.stop.clone());
        let letters = DeadLetters::start(&broker, Arc::clone(&audit), self.stop.clone());
        let operations = OperationStore::new(Arc::clone(&audit), self.stop.clone());
        Engine { broker, audit, letters, operations }
    }

    pub(crate) async fn stream(&self, name: &str) -> Result<stream::Stream, String> {
        self.jetstream.get_stream(name).await.map_err(|error| error.to_string())
    }

    pub(crate) async fn messages(&self, name: &str) -> u64 {
        self.stream(name).await.map_or(0, |stream| stream.cached_info().state.messages)
    }

    /// Stores letters, as many at a time as the broker takes.
    #[expect(clippy::disallowed_methods, reason = "plays services that gave messages up")]
    pub(crate) async fn leave<'a>(&self, letters: impl IntoIterator<Item = (u64, Left<'a>)>) {
        let mut acks = Vec::new();
        for (sequence, Left { consumer, reason, body, headers: more }) in letters {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONSUMER, consumer);
            headers.insert(header::SUBJECT, Subject::ExpirationComplete.as_str());
            headers.insert(header::STREAM, "c-expiration");
            headers.insert(header::SEQUENCE, sequence.to_string().as_str());
            headers.insert(header::PUBLISHED, "2026-01-31T12:00:00.123456789Z");
            headers.insert(header::REASON, reason);
            more.iter().for_each(|(name, value)| headers.append(*name, *value));
            let subject = topology::dead_letter_subject(consumer, sequence);
            let sent = self.jetstream.publish_with_headers(subject, headers, body.to_owned().into()).await;
            acks.push(sent.unwrap());
            if acks.len() == 5_000 {
                for ack in acks.drain(..) {
                    ack.await.unwrap();
                }
            }
        }
        for ack in acks {
            ack.await.unwrap();
        }
    }

    /// The bodies that wait for a consumer.
    pub(crate) async fn replays(&self) -> Vec<String> {
        let Ok(stream) = self.stream("c-replays").await else { return Vec::new() };
        let state = stream.cached_info().state.clone();
        let mut bodies = Vec::new();
        for sequence in state.first_sequence..=state.last_sequence {
            let stored = stream.get_raw_message(sequence).await;
            bodies.extend(stored.map(|stored| String::from_utf8_lossy(&stored.payload).into_owned()));
        }
        bodies
    }
}

impl Engine {
    /// Waits until the index has so many, and all that there are.
    pub(crate) async fn has(&self, count: u64) {
        eventually(&format!("the index has {count}"), LONG, async || {
            let groups = self.letters.groups();
            let counted: u64 = groups.groups.iter().map(|group| group.count).sum();
            match (groups.total, groups.read, counted) {
                (total, read, counted) if (total, read, counted) == (count, count, count) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }

    /// The audit, the newest first, each as `action target outcome`.
    pub(crate) async fn audited(&self) -> Vec<String> {
        let page = self.audit.search(AuditFilter { limit: 100, ..AuditFilter::default() }).await.unwrap();
        let line = |entry: &common::operator::AuditEntry| {
            format!("{} {} {:?}", entry.action, entry.target, entry.outcome).to_lowercase()
        };
        page.entries.iter().map(line).collect()
    }
}
