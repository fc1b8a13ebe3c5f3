//! How the client is told to connect, and why it does not.

use common::Service;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::{ConnectOptions, Event, Server};
use tracing::{debug, info, warn};

use super::permissions::inbox_prefix;
use crate::NatsServers;

/// Finds a peer that died without a word; the default of a minute would be outage.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(3);
const LONGEST_RECONNECT_DELAY: Duration = Duration::from_secs(1);

/// Options that go on trying for as long as it takes; `obstacle` knows what is in the way.
pub(super) fn options(service: Service, servers: &NatsServers, obstacle: &Obstacle) -> ConnectOptions {
    let (last, told, found) = (Arc::new(Mutex::new(Event::Draining)), obstacle.clone(), obstacle.clone());
    let options = ConnectOptions::new()
        .name(&servers.client_id)
        .custom_inbox_prefix(inbox_prefix(service))
        .ping_interval(PING_INTERVAL)
        .connection_timeout(CONNECTION_TIMEOUT)
        .retry_on_initial_connect()
        .max_reconnects(None)
        .reconnect_delay_callback(reconnect_delay)
        // Asked before each round, and chooses none: nothing else is told more of an error than its kind.
        .reconnect_to_server_callback(move |servers, _| {
            found.set(&servers);
            async { None }
        })
        .event_callback(move |event| {
            match event {
                Event::Connected => told.set(&[]),
                Event::SlowConsumer(_) => told.dropped(),
                _ => {}
            }
            log(event, &last);
            async {}
        });
    secured(options, servers)
}

/// Adds credentials and CA certificates. Called for every connection, also by a command with one of its own, such as `topology`.
pub fn secured(options: ConnectOptions, servers: &NatsServers) -> ConnectOptions {
    // Else a server whose address has another scheme, or that another server tells of, would be spoken to in plain.
    let mut options = options.require_tls(servers.requires_tls());
    if let Some((user, password)) = servers.credentials() {
        options = options.user_and_password(user, password);
    }
    if let Some(ca_file) = &servers.ca_file {
        options = options.add_root_certificates(ca_file.path().to_owned());
    }
    options
}

/// What is in the way of messages: the result of the last attempts to connect, and a reader that is too slow.
#[derive(Clone, Debug, Default)]
pub(super) struct Obstacle(Arc<Trouble>);

#[derive(Debug, Default)]
struct Trouble {
    connecting: Mutex<Option<String>>,
    dropped: AtomicU64,
}

impl Obstacle {
    /// Each reason once and in one order, so that the same trouble gives the same text.
    fn set(&self, servers: &[Server]) {
        let reasons: BTreeSet<_> = servers.iter().filter_map(|server| server.last_error.as_deref()).collect();
        let text = Vec::from_iter(reasons).join("; ");
        *locked(&self.0.connecting) = (!text.is_empty()).then_some(text);
    }

    /// What is in the way of a connection, if that is known.
    pub(super) fn get(&self) -> Option<String> {
        locked(&self.0.connecting).clone()
    }

    fn dropped(&self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// How often a message was dropped because nobody had read those before it.
    pub(super) fn drops(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
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
fn log(event: Event, last: &Mutex<Event>) {
    let mut last = locked(last);
    match &event {
        again if *again == *last => debug!("NATS connection: {event}"),
        Event::Connected => info!("connected to NATS"),
        // Every handle of the connection is gone, which is how a process ends it.
        Event::Closed | Event::Draining => debug!("NATS connection: {event}"),
        other => warn!("NATS connection: {other}"),
    }
    *last = event;
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
