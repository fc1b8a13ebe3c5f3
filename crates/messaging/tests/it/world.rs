//! A NATS of a test's own, replicas of `orders` on it, and the part of the others.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    jetstream::{self, consumer, context::PublishAckFuture, message::StreamMessage, stream},
};
use common::{Service, event::Subject};
use messaging::{Broker, ConsumerOptions, topology, topology::Topology};
use messaging::{NatsServers, NatsSettings};
use process::health::Health;
use testkit::{Nats, eventually};
use tokio::{runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::handling::Scripted;

/// Far more than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);
pub(crate) const STREAM: &str = "c-expiration";
pub(crate) const CONSUMER: &str = "orders-expiration-complete";
pub(crate) const DEAD_LETTERS: &str = "c-dead-letters";

pub(crate) fn topology() -> Topology {
    Topology::new("c", 1)
}

pub(crate) fn settings(url: &str) -> NatsSettings {
    NatsSettings {
        servers: NatsServers {
            addresses: vec![url.parse().unwrap()],
            ca_file: None,
            client_id: "test".to_owned(),
        },
        cluster_id: "c".to_owned(),
        replicas: 1,
        stream_bytes: messaging::topology::STREAM_BYTES,
    }
}

/// Small batches, so that a few events make several.
pub(crate) fn options(batch: usize, in_flight: usize, retries: u32) -> ConsumerOptions {
    ConsumerOptions { batch, in_flight, retries }
}

pub(crate) struct World {
    pub(crate) nats: Nats,
    /// Not the connection of any replica.
    pub(crate) jetstream: jetstream::Context,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    pub(crate) async fn start_with(conf_lines: &str) -> Self {
        let nats = Nats::start_with(conf_lines).await.unwrap();
        let client = async_nats::ConnectOptions::new()
            .max_reconnects(None)
            .reconnect_delay_callback(|_| Duration::from_millis(20))
            .connect(nats.url())
            .await
            .unwrap();
        let jetstream = jetstream::context::ContextBuilder::new().max_ack_inflight(100_000).build(client);
        Self { nats, jetstream }
    }

    pub(crate) async fn broker(&self) -> Broker {
        self.broker_with(&Health::new()).await
    }

    pub(crate) async fn broker_with(&self, health: &Health) -> Broker {
        Broker::connect(Service::Orders, &settings(&self.nats.url()), health).await.unwrap()
    }

    pub(crate) async fn broker_of(&self, service: Service) -> Broker {
        Broker::connect(service, &settings(&self.nats.url()), &Health::new()).await.unwrap()
    }

    /// A replica of `orders` that listens to `expiration:complete`.
    pub(crate) async fn replica(&self, handler: Scripted, options: ConsumerOptions) -> Replica {
        let consumer = self.broker().await.consumer(handler, options);
        let stop = CancellationToken::new();
        let task = tokio::spawn(consumer.run(stop.clone()));
        Replica { stop, task }
    }

    /// A replica of its own runtime. With `shutdown_background` it ends as by `kill -9`: nothing is answered or given
    /// back, and its connection is lost.
    pub(crate) fn doomed(&self, handler: Scripted, options: ConsumerOptions) -> Runtime {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let settings = settings(&self.nats.url());
        runtime.spawn(async move {
            let broker = Broker::connect(Service::Orders, &settings, &Health::new()).await.unwrap();
            broker.consumer(handler, options).run(CancellationToken::new()).await;
        });
        runtime
    }

    /// The consumer as an operator may have made it: what is there is never changed.
    pub(crate) async fn create_consumer(&self, ack_wait: Duration) {
        self.create_stream().await;
        let wanted = topology::consumer(Service::Orders, Subject::ExpirationComplete);
        let config = consumer::pull::Config { ack_wait, ..wanted };
        self.stream(STREAM).await.unwrap().create_consumer(config).await.unwrap();
    }

    /// The stream of events as the replicas would create it.
    pub(crate) async fn create_stream(&self) {
        self.jetstream.get_or_create_stream(topology().stream(Service::Expiration)).await.unwrap();
    }

    pub(crate) async fn stream(&self, name: &str) -> Result<stream::Stream, String> {
        self.jetstream.get_stream(name).await.map_err(|error| error.to_string())
    }

    /// Publishes `expiration:complete` of an order as soon as there is a stream, and answers its sequence.
    pub(crate) async fn publish(&self, order: &str) -> u64 {
        self.publish_body(&body(order)).await
    }

    pub(crate) async fn publish_body(&self, body: &str) -> u64 {
        self.publish_whole(HeaderMap::new(), body.as_bytes()).await
    }

    pub(crate) async fn publish_whole(&self, headers: HeaderMap, body: &[u8]) -> u64 {
        eventually("the event is stored", LONG, async || {
            let ack = self.send(headers.clone(), body).await;
            ack.await.map(|ack| ack.sequence).map_err(|error| error.to_string())
        })
        .await
    }

    /// Publishes many at once into a stream that is there.
    pub(crate) async fn publish_all(&self, orders: impl IntoIterator<Item = String>) {
        self.publish_bodies(orders.into_iter().map(|order| body(&order))).await;
    }

    /// The same with any bodies.
    pub(crate) async fn publish_bodies(&self, bodies: impl IntoIterator<Item = String>) {
        let mut acks = Vec::new();
        for body in bodies {
            acks.push(self.send(HeaderMap::new(), body.as_bytes()).await);
        }
        for ack in acks {
            ack.await.unwrap();
        }
    }

    /// Publishes on any subject, and does not wait for the answer.
    #[expect(clippy::disallowed_methods, reason = "plays a service that is not ours")]
    pub(crate) async fn send_to(&self, subject: Subject, body: &str) -> PublishAckFuture {
        self.jetstream.publish(subject.as_str(), body.to_owned().into()).await.unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "plays a service that is not ours")]
    async fn send(&self, headers: HeaderMap, body: &[u8]) -> PublishAckFuture {
        let subject = Subject::ExpirationComplete.as_str();
        self.jetstream.publish_with_headers(subject, headers, body.to_vec().into()).await.unwrap()
    }

    /// Stores anything on any subject of a stream.
    #[expect(clippy::disallowed_methods, reason = "plays a service that is not ours")]
    pub(crate) async fn store(&self, subject: &str, headers: HeaderMap, body: &str) -> u64 {
        let sent =
            self.jetstream.publish_with_headers(subject.to_owned(), headers, body.to_owned().into()).await;
        sent.unwrap().await.unwrap().sequence
    }

    /// What the broker knows of the durable consumer.
    pub(crate) async fn consumer(&self) -> Result<consumer::Info, String> {
        self.stream(STREAM).await?.consumer_info(CONSUMER).await.map_err(|error| error.to_string())
    }

    /// Waits until every event has its final answer.
    pub(crate) async fn drained(&self) {
        eventually("every event is answered", LONG, async || {
            let info = self.consumer().await?;
            match (info.num_pending, info.num_ack_pending) {
                (0, 0) => Ok(()),
                (waiting, unanswered) => Err(format!("{waiting} wait, {unanswered} are unanswered")),
            }
        })
        .await;
    }

    /// Waits until there are so many dead letters, and answers them in the order in which they were stored.
    pub(crate) async fn dead_letters(&self, count: usize) -> Vec<StreamMessage> {
        eventually("the dead letters are stored", LONG, async || {
            // Nobody creates the stream before it is needed but a readiness watch, and replicas here have none.
            let letters = match self.stored(DEAD_LETTERS).await {
                Err(_) if count == 0 => Vec::new(),
                letters => letters?,
            };
            if letters.len() == count {
                return Ok(letters);
            }
            let subjects: Vec<_> = letters.iter().map(|letter| letter.subject.to_string()).collect();
            Err(format!("{} of {count}: {subjects:?}", letters.len()))
        })
        .await
    }

    /// Everything in a stream, by sequence.
    pub(crate) async fn stored(&self, name: &str) -> Result<Vec<StreamMessage>, String> {
        let stream = self.stream(name).await?;
        let state = &stream.cached_info().state;
        let mut messages = Vec::new();
        for sequence in state.first_sequence..=state.last_sequence {
            // Some in the middle may have been deleted.
            messages.extend(stream.get_raw_message(sequence).await);
        }
        Ok(messages)
    }
}

pub(crate) fn body(order: &str) -> String {
    format!(r#"{{"orderId":"{order}"}}"#)
}

/// One process's consumer. Its connection ends with it.
pub(crate) struct Replica {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Replica {
    /// As SIGTERM does, and waits for the end of the drain.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(LONG, self.task).await.unwrap().unwrap();
    }

    pub(crate) fn is_running(&self) -> bool {
        !self.task.is_finished()
    }
}
