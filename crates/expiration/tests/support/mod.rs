//! A NATS and a Redis of a test's own, `expiration` processes between them, and the part of the other services.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    reason = "each test file uses its part, and a test that can't go on fails"
)]

use std::{collections::BTreeMap, time::Duration};

use async_nats::jetstream::{self, consumer, stream};
use common::{Service, clock, event::Id, event::Timestamp};
use futures_util::StreamExt;
use messaging::topology::Topology;
use testkit::{Nats, Redis, ServiceProcess, eventually};

/// Far more than anything here takes, on a machine that does ten other things.
pub const LONG: Duration = Duration::from_secs(60);
pub const CLUSTER: &str = "ticketing";
pub const DUE_KEY: &str = "{ticketing:order:expiration}:due";
pub const CHECKPOINT: &str = "{ticketing:order:expiration}:checkpoint";

/// The servers of one test.
pub struct World {
    pub nats: Nats,
    pub redis: Redis,
    pub jetstream: jetstream::Context,
}

impl World {
    pub async fn start() -> Self {
        Self::with_redis(&[]).await
    }

    pub async fn with_redis(arguments: &[&str]) -> Self {
        Self::of(Nats::start().await.unwrap(), Redis::start_with(arguments).await.unwrap()).await
    }

    pub async fn of(nats: Nats, redis: Redis) -> Self {
        let client = async_nats::ConnectOptions::new()
            .max_reconnects(None)
            .ping_interval(Duration::from_secs(2))
            .reconnect_delay_callback(|_| Duration::from_millis(20))
            .connect(nats.url())
            .await
            .unwrap();
        // The default limit waits for places that the futures of this very task hold.
        let jetstream = jetstream::context::ContextBuilder::new().max_ack_inflight(100_000).build(client);
        let world = Self { nats, redis, jetstream };
        world.create_streams().await;
        world
    }

    /// As `orders` would, had it started first.
    pub async fn create_streams(&self) {
        for publisher in [Service::Orders, Service::Expiration] {
            self.jetstream.get_or_create_stream(Topology::new(CLUSTER, 1).stream(publisher)).await.unwrap();
        }
    }

    /// Deletes both with all that is in them, and makes them anew.
    pub async fn recreate_streams(&self) {
        for publisher in [Service::Orders, Service::Expiration] {
            let name = Topology::new(CLUSTER, 1).stream_name(publisher);
            self.jetstream.delete_stream(name).await.unwrap();
        }
        self.create_streams().await;
    }

    /// An `expiration` process that may still be starting.
    pub async fn spawn(&self, name: &str) -> ServiceProcess {
        self.command(name).spawn().await.unwrap()
    }

    pub fn command(&self, name: &str) -> testkit::ServiceBuilder {
        ServiceProcess::command("expiration")
            .name(name)
            .env("NATS_URL", self.nats.url())
            .env("NATS_CLUSTER_ID", CLUSTER)
            .env("NATS_CLIENT_ID", name)
            .env("REDIS_URL", self.redis.url())
    }

    /// An `expiration` process that is ready.
    pub async fn worker(&self, name: &str) -> ServiceProcess {
        let worker = self.spawn(name).await;
        worker.ready(LONG).await.unwrap();
        worker
    }

    /// Publishes `order:created` as the older service does, with a field that ours do not know.
    pub async fn order(&self, due_ms: i64) -> Id {
        let id = Id::generate();
        self.order_again(&id, due_ms).await;
        id
    }

    pub async fn order_again(&self, id: &Id, due_ms: i64) {
        self.publish("order:created", &order_created(id, due_ms)).await;
    }

    /// Publishes many orders at once.
    pub async fn orders(&self, due_ms: impl IntoIterator<Item = i64>) -> BTreeMap<Id, i64> {
        let orders: BTreeMap<Id, i64> = due_ms.into_iter().map(|due_ms| (Id::generate(), due_ms)).collect();
        let mut acks = Vec::new();
        for (id, due_ms) in &orders {
            acks.push(self.send("order:created", &order_created(id, *due_ms)).await);
        }
        for ack in acks {
            ack.await.unwrap();
        }
        orders
    }

    pub async fn publish(&self, subject: &'static str, body: &str) -> u64 {
        self.send(subject, body).await.await.unwrap().sequence
    }

    #[expect(clippy::disallowed_methods, reason = "plays a service that is not ours")]
    async fn send(&self, subject: &'static str, body: &str) -> jetstream::context::PublishAckFuture {
        self.jetstream.publish(subject, body.to_owned().into()).await.unwrap()
    }

    /// Every `expiration:complete` that is stored: order id and when, ms.
    pub async fn fired(&self) -> Vec<(Id, i64)> {
        self.stored(Service::Expiration)
            .await
            .into_iter()
            .map(|message| {
                let body: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
                let at = message.info().unwrap().published.unix_timestamp_nanos() / 1_000_000;
                (body["orderId"].as_str().unwrap().to_owned().try_into().unwrap(), i64::try_from(at).unwrap())
            })
            .collect()
    }

    pub async fn stored(&self, publisher: Service) -> Vec<jetstream::Message> {
        self.messages_of(&Topology::new(CLUSTER, 1).stream_name(publisher)).await
    }

    pub async fn dead_letters(&self) -> Vec<jetstream::Message> {
        self.messages_of(&Topology::new(CLUSTER, 1).dead_letter_stream_name()).await
    }

    async fn messages_of(&self, stream: &str) -> Vec<jetstream::Message> {
        let mut stream: stream::Stream = self.jetstream.get_stream(stream).await.unwrap();
        let count = stream.info().await.unwrap().state.messages;
        let reader = stream
            .create_consumer(consumer::pull::Config {
                ack_policy: consumer::AckPolicy::None,
                ..consumer::pull::Config::default()
            })
            .await
            .unwrap();
        let mut messages = reader
            .stream()
            .max_messages_per_batch(10_000)
            .messages()
            .await
            .unwrap()
            .take(usize::try_from(count).unwrap());
        let mut read = Vec::new();
        while let Some(message) = messages.next().await {
            read.push(message.unwrap());
        }
        read
    }

    /// Waits until every order has fired, then checks that each did once and none early.
    pub async fn fires_exactly(&self, orders: &BTreeMap<Id, i64>) -> Vec<(Id, i64)> {
        self.all_fired(orders.len()).await;
        let fired = self.fired().await;
        let mut once: Vec<&Id> = fired.iter().map(|(id, _)| id).collect();
        once.sort_unstable();
        assert_eq!(once, orders.keys().collect::<Vec<_>>(), "each order once, and no other");
        for (id, at) in &fired {
            assert!(*at >= orders[id], "{id} fired {} ms early", orders[id] - at);
        }
        fired
    }

    pub async fn all_fired(&self, count: usize) {
        eventually("every order has fired", LONG, async || {
            let fired = self.count(Service::Expiration).await?;
            (fired >= count).then_some(()).ok_or(format!("{fired} of {count}"))
        })
        .await;
    }

    pub async fn count(&self, publisher: Service) -> Result<usize, String> {
        let name = Topology::new(CLUSTER, 1).stream_name(publisher);
        let mut stream = self.jetstream.get_stream(name).await.map_err(|error| error.to_string())?;
        let info = stream.info().await.map_err(|error| error.to_string())?;
        Ok(usize::try_from(info.state.messages).unwrap())
    }

    /// Waits until nothing is in Redis and nothing is pending or unanswered (I8).
    pub async fn is_drained(&self) {
        eventually("everything has drained", LONG, async || {
            let left = self.pending_jobs().await;
            let stream =
                self.jetstream.get_stream(Topology::new(CLUSTER, 1).stream_name(Service::Orders)).await;
            let stream = stream.map_err(|error| error.to_string())?;
            let info =
                stream.consumer_info("expiration-order-created").await.map_err(|error| error.to_string())?;
            let state =
                format!("{left} jobs, {} pending, {} unanswered", info.num_pending, info.num_ack_pending);
            (left == 0 && info.num_pending == 0 && info.num_ack_pending == 0).then_some(()).ok_or(state)
        })
        .await;
    }

    pub async fn pending_jobs(&self) -> usize {
        self.redis_command(&["ZCARD", DUE_KEY]).await
    }

    /// Waits until this many timers are in Redis.
    pub async fn has_scheduled(&self, jobs: usize) {
        eventually("the orders are scheduled", LONG, async || {
            let pending = self.pending_jobs().await;
            (pending == jobs).then_some(()).ok_or(format!("{pending} of {jobs}"))
        })
        .await;
    }

    /// Scores of the jobs that a worker holds.
    pub async fn claimed(&self) -> Vec<f64> {
        let members: Vec<(String, f64)> =
            self.redis_command(&["ZRANGE", DUE_KEY, "0", "-1", "WITHSCORES"]).await;
        members.into_iter().map(|(_, score)| score).filter(|score| score.fract() != 0.0).collect()
    }

    pub async fn redis_command<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        let mut connection = self.redis.connect().await.unwrap();
        redis::cmd(command[0]).arg(&command[1..]).query_async(&mut connection).await.unwrap()
    }
}

pub fn order_created(id: &Id, due_ms: i64) -> String {
    let expires_at = Timestamp::from_millis(due_ms);
    format!(
        r#"{{"id":"{id}","version":0,"status":"created","userId":"63f1a2b3c4d5e6f708192a3b","expiresAt":"{expires_at}","ticket":{{"id":"63f1a2b3c4d5e6f708192a3c","price":20}},"__v":0,"extra":{{"a":[1,2]}}}}"#
    )
}

/// A value of a worker's `/metrics`.
pub async fn metric(worker: &ServiceProcess, name: &str) -> f64 {
    let (status, body) = worker.get("/metrics").await.unwrap();
    assert_eq!(status, 200);
    let line = body.lines().find(|line| line.split([' ', '{']).next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in\n{body}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

pub fn in_ms(ms: i64) -> i64 {
    clock::now_ms() + ms
}
