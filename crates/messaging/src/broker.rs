//! The connection to NATS that a process shares, and its readiness.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use async_nats::{Client, jetstream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Consumer, ConsumerOptions, Handler, ProvisionError, Provisioner, Publisher,
    connection::{self, Obstacle},
    pull,
    room::Room,
    topology::Topology,
};
use crate::NatsSettings;
use common::{Service, event::Event};
use process::{Process, health::Health, health::Needed};

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
    obstacle: Obstacle,
    health: Health,
}

impl Broker {
    /// Starts to connect, and goes on in the background until a server answers: services start in any order.
    ///
    /// # Errors
    /// Only when the settings can't describe a connection.
    pub async fn connect(service: Service, settings: &NatsSettings, health: &Health) -> anyhow::Result<Self> {
        let obstacle = Obstacle::default();
        let client = connection::options(service, &settings.servers, &obstacle)
            .connect(&settings.servers.addresses[..])
            .await
            .context("start to connect to NATS_URL")?;
        let jetstream =
            jetstream::context::ContextBuilder::new().timeout(REQUEST_TIMEOUT).build(client.clone());
        let topology = Topology::new(&settings.cluster_id, usize::from(settings.replicas))
            .with_stream_bytes(settings.stream_bytes);
        let provisioner = Arc::new(Provisioner::new(jetstream, topology));
        Ok(Self { service, client, provisioner, obstacle, health: health.clone() })
    }

    /// Which connection this is: the next one has another number, and none has 0.
    pub fn connection_number(&self) -> u64 {
        pull::connection(&self.client)
    }

    /// Names and settings of all that belongs to its cluster.
    pub fn topology(&self) -> &Topology {
        self.provisioner.topology()
    }

    /// As which service it publishes and listens.
    pub fn service(&self) -> Service {
        self.service
    }

    /// Makes the streams that this service publishes or listens to where they are missing.
    ///
    /// # Errors
    /// At the first one that neither exists nor can be made.
    pub async fn ensure_streams(&self) -> anyhow::Result<()> {
        Ok(self.provisioner.ensure_streams_of(self.service).await?)
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn provisioner(&self) -> &Provisioner {
        &self.provisioner
    }

    pub(super) fn shared_provisioner(&self) -> Arc<Provisioner> {
        Arc::clone(&self.provisioner)
    }

    /// A publisher on this connection.
    pub fn publisher(&self) -> Publisher {
        Publisher::new(self.client.clone(), Arc::clone(&self.provisioner))
    }

    /// The consumer that feeds `handler` with the events of its subject.
    pub fn consumer<H: Handler>(&self, handler: H, options: ConsumerOptions) -> Consumer<H> {
        Consumer::new(self.service, &self.client, &self.provisioner, handler, options, &self.health)
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

    /// As [`Self::watch`] until the drain, for a service that takes requests: it needs NATS to begin, and stays ready
    /// without it, because what it has to tell waits in its outbox. Called by `main`.
    pub fn spawn_watch(&self, process: &Process) {
        let watch = self.clone().keep_readiness(Needed::ToBegin, process.stopping());
        process.spawn("nats readiness", async move {
            watch.await;
            Ok(())
        });
    }

    /// Keeps the readiness of `nats` until `stop`: connected to a server that is new enough, with every stream that
    /// this service needs.
    pub async fn watch(self, stop: CancellationToken) {
        self.keep_readiness(Needed::Always, stop).await;
    }

    async fn keep_readiness(self, needed: Needed, stop: CancellationToken) {
        let nats = self.health.register_dependency("nats", needed);
        let mut room = Room::new(self.provisioner.topology(), self.service);
        let mut ensured = None;
        let mut pause = FIRST_CHECK;
        loop {
            match self.check(&mut ensured).await {
                Ok(()) => {
                    nats.set_ready();
                    room.measure(self.provisioner.jetstream()).await;
                }
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
        self.provisioner.check_server().map_err(|error| self.explained(error))?;
        let connection = self.connection_number();
        if *ensured != Some(connection) {
            self.provisioner.ensure_streams_of(self.service).await?;
            *ensured = Some(connection);
        }
        Ok(())
    }

    /// Why there is no connection, too.
    fn explained(&self, error: ProvisionError) -> anyhow::Error {
        match (&error, self.obstacle.get()) {
            (ProvisionError::NotConnected, Some(reason)) => anyhow!(reason).context(error),
            _ => error.into(),
        }
    }
}
