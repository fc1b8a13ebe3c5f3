//! Overhearing: events as they are published, by core NATS. Nothing is stored for a listener, nothing is delivered again,
//! and it has no durable consumer that somebody would have to look after; so what it misses it has to be told.

use std::time::Duration;

use anyhow::Context as _;
use async_nats::{Client, Message, Subscriber, connection::State};
use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{SelectAll, select_all},
};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{
    connection::{self, Obstacle},
    permissions::overheard,
    pull,
};
use crate::NatsServers;
use common::{Service, event::Subject};
use process::health::{Dependency, Health, Needed};

/// How soon a new connection is noticed on which nothing comes.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// A connection that only listens, to what its service overhears ([`Subject::overheard_by`]). It keeps the readiness of
/// `nats`.
#[derive(Debug)]
pub struct Listener {
    client: Client,
    messages: SelectAll<Subscriber>,
    obstacle: Obstacle,
    nats: Dependency,
    /// The connection that is listened to, see `async_nats::Statistics`, and how often it has dropped a message; 0 before the
    /// first.
    connection: (u64, u64),
    /// What came behind a gap that is told first.
    held: Option<Message>,
    checks: Interval,
}

/// What a [`Listener`] hears.
#[derive(Clone, Debug)]
pub enum Heard {
    /// An event.
    Event {
        /// What it travels on.
        subject: Subject,
        /// Its body.
        body: Bytes,
    },
    /// Nobody knows what was published until now: a connection is new, or more came than was read.
    Gap,
}

impl Listener {
    /// Starts to connect, and goes on in the background until a server answers.
    ///
    /// # Errors
    /// Only when the settings can't describe a connection.
    pub async fn connect(service: Service, servers: &NatsServers, health: &Health) -> anyhow::Result<Self> {
        let obstacle = Obstacle::default();
        let client = connection::options(service, servers, &obstacle)
            .connect(&servers.addresses[..])
            .await
            .context("start to connect to NATS_URL")?;
        let mut subscriptions = Vec::new();
        for subject in overheard(service) {
            let listening = client.subscribe(subject.as_str()).await;
            subscriptions.push(listening.with_context(|| format!("listen to {subject}"))?);
        }
        let mut checks = interval(CHECK_INTERVAL);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            client,
            messages: select_all(subscriptions),
            obstacle,
            nats: health.register_dependency("nats", Needed::ToBegin),
            connection: (0, 0),
            held: None,
            checks,
        })
    }

    /// Waits for what comes next. Dropped half-way, nothing is lost.
    pub async fn next(&mut self) -> Heard {
        loop {
            if self.may_have_missed() {
                return Heard::Gap;
            }
            let message = match self.held.take() {
                Some(message) => message,
                None => tokio::select! {
                    Some(message) = self.messages.next() => message,
                    _ = self.checks.tick() => {
                        self.keep_readiness();
                        continue;
                    }
                },
            };
            if self.may_have_missed() {
                self.held = Some(message);
                return Heard::Gap;
            }
            if let Ok(subject) = message.subject.parse() {
                return Heard::Event { subject, body: message.payload };
            }
        }
    }

    /// Whether there is another connection than before, which listens by now: the client renews subscriptions by itself. Or
    /// whether the one there is has dropped something.
    fn may_have_missed(&mut self) -> bool {
        let connection = (pull::connection(&self.client), self.obstacle.drops());
        std::mem::replace(&mut self.connection, connection) != connection
    }

    fn keep_readiness(&self) {
        if self.client.connection_state() == State::Connected {
            self.nats.set_ready();
        } else {
            self.nats.set_unready(self.obstacle.get().unwrap_or_else(|| "not connected to NATS".to_owned()));
        }
    }
}
