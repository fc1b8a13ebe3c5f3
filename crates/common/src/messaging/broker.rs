//! The connection to NATS that a process shares, and its readiness.

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use anyhow::Context as _;
use async_nats::{Client, ConnectOptions, Event as ConnectionEvent, jetstream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, info, warn};

use super::{
    Consumer, ConsumerOptions, Handler, Provisioner, Publisher, permissions::inbox_prefix, topology::Topology,
};
use crate::{
    event::{Event, Service},
    process::{Process, config::NatsSettings, health::Health},
};

/// Finds a peer that died without a word; the default of a minute would be outage.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(3);
const LONGEST_RECONNECT_DELAY: Duration = Duration::from_secs(1);
/// Time that a JetStream request may take before it counts as unanswered.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// The first connection takes milliseconds, and a start should not look slower than it is.
const FIRST_CHECK: Duration = Duration::from_millis(5);

/// One service's connection to the broker: it makes publishers and consumers, and keeps the readiness of `nats`.
#[derive(Clone, Debug)]
pub struct Broker {
    service: Service,
    client: Client,
    provisioner: Arc<Provisioner>,
    health: Health,
}

impl Broker {
    /// Starts to connect, and goes on in the background until a server answers: services start in any order.
    ///
    /// # Errors
    /// Only when the settings can't describe a connection.
    pub async fn connect(service: Service, settings: &NatsSettings, health: &Health) -> anyhow::Result<Self> {
        let last = Arc::new(Mutex::new(ConnectionEvent::Draining));
        let options = ConnectOptions::new()
            .name(&settings.client_id)
            .custom_inbox_prefix(inbox_prefix(service))
            .ping_interval(PING_INTERVAL)
            .connection_timeout(CONNECTION_TIMEOUT)
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(reconnect_delay)
            .event_callback(move |event| {
                let last = Arc::clone(&last);
                async move { log(event, &last) }
            });
        let options = match settings.credentials() {
            Some((user, password)) => options.user_and_password(user, password),
            None => options,
        };
        let client =
            options.connect(&settings.addresses[..]).await.context("start to connect to NATS_URL")?;
        let jetstream =
            jetstream::context::ContextBuilder::new().timeout(REQUEST_TIMEOUT).build(client.clone());
        let topology = Topology::new(&settings.cluster_id, usize::from(settings.replicas));
        let provisioner = Arc::new(Provisioner::new(jetstream, topology));
        Ok(Self { service, client, provisioner, health: health.clone() })
    }

    /// A publisher on this connection.
    pub fn publisher(&self) -> Publisher {
        Publisher::new(self.client.clone(), Arc::clone(&self.provisioner))
    }

    /// The consumer that feeds `handler` with the events of its subject.
    pub fn consumer<H: Handler>(&self, handler: H, options: ConsumerOptions) -> Consumer<H> {
        Consumer::new(
            self.service,
            self.client.clone(),
            Arc::clone(&self.provisioner),
            handler,
            options,
            &self.health,
        )
    }

    /// Runs the consumer of `handler` until the drain; `committing` knows when it has ended. Called by `main`.
    pub fn spawn_consumer<H: Handler>(&self, handler: H, process: &Process, committing: &TaskTracker) {
        let consumer = self.consumer(handler, ConsumerOptions::default());
        let running = committing.track_future(consumer.run(process.stopping()));
        process.spawn(format!("consumer of {}", <H::Event as Event>::SUBJECT), async move {
            running.await;
            Ok(())
        });
    }

    /// Runs [`Self::watch`] until the drain. Called by `main`.
    pub fn spawn_watch(&self, process: &Process) {
        let watch = self.clone().watch(process.stopping());
        process.spawn("nats readiness", async move {
            watch.await;
            Ok(())
        });
    }

    /// Keeps the readiness of `nats` until `stop`: connected to a server that is new enough, with every stream that
    /// this service needs.
    pub async fn watch(self, stop: CancellationToken) {
        let nats = self.health.register_dependency("nats");
        let mut ensured = None;
        let mut pause = FIRST_CHECK;
        loop {
            match self.check(&mut ensured).await {
                Ok(()) => nats.set_ready(),
                Err(error) => nats.set_unready(format!("{error:#}")),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(CHECK_INTERVAL),
            }
        }
    }

    /// `ensured` is the connection on which every stream was there: each new one may be to a server without data.
    async fn check(&self, ensured: &mut Option<u64>) -> anyhow::Result<()> {
        self.provisioner.check_server()?;
        let connection = self.client.statistics().connects.load(Ordering::Relaxed);
        if *ensured != Some(connection) {
            self.provisioner.ensure_streams_of(self.service).await?;
            *ensured = Some(connection);
        }
        Ok(())
    }
}

/// The client asks before its first attempt too, which nothing has to wait for.
fn reconnect_delay(attempt: usize) -> Duration {
    let Some(doublings) = u32::try_from(attempt).unwrap_or(u32::MAX).checked_sub(2) else {
        return Duration::ZERO;
    };
    (Duration::from_millis(20) * 2u32.pow(doublings.min(6))).min(LONGEST_RECONNECT_DELAY)
}

/// Each attempt to connect fails with the same words, which are worth one line.
fn log(event: ConnectionEvent, last: &Mutex<ConnectionEvent>) {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    match &event {
        again if *again == *last => debug!("NATS connection: {event}"),
        ConnectionEvent::Connected => info!("connected to NATS"),
        // Every handle of the connection is gone, which is how a process ends it.
        ConnectionEvent::Closed | ConnectionEvent::Draining => debug!("NATS connection: {event}"),
        other => warn!("NATS connection: {other}"),
    }
    *last = event;
}
