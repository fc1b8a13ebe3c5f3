//! Fresh servers for one measurement, and what is asked of them from outside.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use async_nats::jetstream::{self, consumer::PullConsumer, stream::Stream};
use common::{Service, event::Subject};
use messaging::topology::{Topology, durable_name};
use serde_json::json;
use testkit::{Nats, Redis};

/// `NATS_CLUSTER_ID` of everything here.
pub(crate) const CLUSTER: &str = "bench";
/// How often a state that is waited for is looked at: a question costs the broker some 50 µs.
const LOOK: Duration = Duration::from_millis(10);

/// A broker and a Redis of its own, with the streams that the contract names.
pub(crate) struct World {
    pub(crate) nats: Nats,
    pub(crate) redis: Redis,
    pub(crate) client: async_nats::Client,
    pub(crate) jetstream: jetstream::Context,
}

impl World {
    /// Starts both, with the settings that we ship.
    pub(crate) async fn new() -> Result<Self> {
        Self::with_redis(&[]).await
    }

    /// The same with further settings of Redis, for a contender that is better off with them.
    pub(crate) async fn with_redis(settings: &[&str]) -> Result<Self> {
        let ours = ["--appendonly", "yes", "--maxmemory-policy", "noeviction"];
        let settings = [ours.as_slice(), settings].concat();
        let (nats, redis) =
            Box::pin(async { tokio::try_join!(Nats::start(), Redis::start_with(&settings)) }).await?;
        let options = async_nats::ConnectOptions::new().subscription_capacity(1 << 20);
        let client = Box::pin(options.connect(nats.url())).await.context("connect to NATS")?;
        let jetstream = jetstream::new(client.clone());
        let world = Self { nats, redis, client, jetstream };
        for stream in Topology::new(CLUSTER, 1).streams_of(Service::Orders) {
            world.jetstream.create_stream(stream).await.context("create a stream")?;
        }
        Ok(world)
    }

    /// The stream of what this service publishes.
    pub(crate) async fn stream(&self, publisher: Service) -> Result<Stream> {
        let name = Topology::new(CLUSTER, 1).stream_name(publisher);
        self.jetstream.get_stream(&name).await.with_context(|| format!("look at the stream {name}"))
    }

    /// How many messages a service has stored.
    pub(crate) async fn stored(&self, publisher: Service) -> Result<u64> {
        let mut stream = self.stream(publisher).await?;
        Ok(stream.info().await.context("ask for a stream's state")?.state.messages)
    }

    /// How many messages are stored on a subject.
    async fn stored_on(&self, subject: Subject) -> Result<u64> {
        let stream = Topology::new(CLUSTER, 1).stream_name(subject.publisher());
        let question = json!({ "subjects_filter": subject.as_str() });
        let info: serde_json::Value = self
            .jetstream
            .request(format!("STREAM.INFO.{stream}"), &question)
            .await
            .context("ask for a stream's state")?;
        Ok(info["state"]["subjects"][subject.as_str()].as_u64().unwrap_or_default())
    }

    /// Waits until so many messages are stored on a subject, or until nothing has moved for `patience`: what is
    /// missing then is noticed by their reader.
    pub(crate) async fn until_stored(
        &self,
        subject: Subject,
        wanted: usize,
        patience: Duration,
    ) -> Result<()> {
        let (mut last, mut moved) = (0, Instant::now());
        loop {
            let stored = self.stored_on(subject).await?;
            if stored >= wanted as u64 || moved.elapsed() > patience {
                return Ok(());
            }
            if stored != last {
                (last, moved) = (stored, Instant::now());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until a listener has answered everything that is stored on a subject.
    pub(crate) async fn until_consumed(&self, listener: Service, subject: Subject) -> Result<()> {
        let (mut last, mut moved) = (u64::MAX, Instant::now());
        loop {
            let left = match self.consumer(listener, subject).await {
                Ok(mut consumer) => {
                    let info = consumer.info().await.context("ask for a consumer's state")?;
                    info.num_pending + info.num_ack_pending as u64
                }
                Err(_not_created_yet) => u64::MAX,
            };
            if left == 0 {
                return Ok(());
            }
            if left != last {
                (last, moved) = (left, Instant::now());
            }
            if moved.elapsed() > Duration::from_secs(60) {
                bail!("{listener} does not get on with {subject}: {left} are left for a minute");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until a listener listens.
    pub(crate) async fn until_listening(&self, listener: Service, subject: Subject) -> Result<()> {
        let begin = Instant::now();
        while self.consumer(listener, subject).await.is_err() {
            if begin.elapsed() > Duration::from_secs(30) {
                bail!("{listener} has made no consumer of {subject} within 30 s");
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    async fn consumer(&self, listener: Service, subject: Subject) -> Result<PullConsumer> {
        let stream = self.stream(subject.publisher()).await?;
        let consumer = stream.get_consumer(&durable_name(listener, subject)).await;
        consumer.map_err(|error| anyhow::anyhow!("{error}"))
    }

    /// A number out of Redis' INFO.
    pub(crate) async fn redis_info(&self, section: &str, field: &str) -> Result<f64> {
        let mut connection = self.redis.connect().await?;
        let info: String = redis::cmd("INFO").arg(section).query_async(&mut connection).await?;
        let value = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        value.and_then(|value| value.trim().parse().ok()).with_context(|| format!("no {field} in INFO"))
    }

    /// How long one call of a script keeps Redis from others, µs on average, idle ones too; none where none has run.
    pub(crate) async fn script_us(&self) -> Result<Option<f64>> {
        let mut connection = self.redis.connect().await?;
        let info: String = redis::cmd("INFO").arg("commandstats").query_async(&mut connection).await?;
        let claims = info.lines().find(|line| line.starts_with("cmdstat_evalsha:"));
        let mean =
            claims.and_then(|line| line.split(',').find_map(|part| part.strip_prefix("usec_per_call=")));
        Ok(mean.and_then(|us| us.parse().ok()))
    }

    /// How many members the schedule of ours has.
    pub(crate) async fn scheduled(&self) -> Result<u64> {
        let mut connection = self.redis.connect().await?;
        Ok(redis::cmd("ZCARD").arg(schedule_key()).query_async(&mut connection).await?)
    }
}

/// The sorted set of our schedule.
pub(crate) fn schedule_key() -> String {
    format!("{{{CLUSTER}:order:expiration}}:due")
}

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> i64 {
    common::clock::now_ms()
}
