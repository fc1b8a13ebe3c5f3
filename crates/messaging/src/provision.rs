//! Creates what is missing of the topology, and never touches what is there.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_nats::{
    Client,
    connection::State,
    jetstream::{
        self, ErrorCode,
        consumer::{self, PullConsumer, pull},
        context::{ConsumerInfoError, ConsumerInfoErrorKind, CreateStreamErrorKind, GetStreamErrorKind},
        stream::{self, ConsumerCreateStrictErrorKind},
    },
};
use process::outage::Outage;
use tracing::{info, warn};

use super::{
    differences::{self, Difference},
    topology::{self, Topology},
};
use common::{Service, event::Subject};

/// A stream that a publish found missing is looked after at most this often.
const RESTORE_INTERVAL: Duration = Duration::from_millis(500);
/// The consumers of a process look for the stream of replays together: as long as there is none, this often.
const REPLAYS_INTERVAL: Duration = Duration::from_millis(900);

/// Why a stream or a consumer could not be made sure of. Every cause may pass: the caller waits and tries again.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The server did not do what it was asked to.
    #[error("could not {step} {kind} {name:?}: check that JetStream is on and that this user may create it")]
    Refused {
        /// What was tried.
        step: &'static str,
        /// `stream` or `consumer`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What the server or the client said.
        source: async_nats::Error,
    },
    /// There is no server to ask.
    #[error("not connected to NATS")]
    NotConnected,
    /// Older servers drop several settings without an error.
    #[error("NATS server is {version}, and 2.10 or newer is needed")]
    ServerTooOld {
        /// What it says that it is.
        version: String,
    },
}

/// Makes sure of streams and consumers.
#[derive(Debug)]
pub struct Provisioner {
    jetstream: jetstream::Context,
    topology: Topology,
    /// One creates at a time, so that one of many that miss the same stream creates it and the others find it.
    creating: tokio::sync::Mutex<()>,
    restored: Mutex<Option<Instant>>,
    missing: Outage,
    /// When there was no stream of replays.
    no_replays: tokio::sync::Mutex<Option<Instant>>,
    /// Differences that were logged: a consumer comes here each time that it opens its pull.
    warned: Mutex<BTreeSet<String>>,
}

impl Provisioner {
    pub(super) fn new(jetstream: jetstream::Context, topology: Topology) -> Self {
        Self {
            jetstream,
            topology,
            creating: tokio::sync::Mutex::default(),
            restored: Mutex::default(),
            missing: Outage::new(Duration::ZERO),
            no_replays: tokio::sync::Mutex::default(),
            warned: Mutex::default(),
        }
    }

    pub(super) fn jetstream(&self) -> &jetstream::Context {
        &self.jetstream
    }

    /// The names and settings that this provisioner works from.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// As [`check_server`], of this connection.
    pub(super) fn check_server(&self) -> Result<(), ProvisionError> {
        check_server(&self.jetstream.client())
    }

    /// Creates what is missing of the streams that a service publishes or listens to.
    ///
    /// # Errors
    /// At the first stream that neither exists nor can be created.
    pub async fn ensure_streams_of(&self, service: Service) -> Result<(), ProvisionError> {
        for wanted in self.topology.streams_of(service) {
            self.ensure_stream(wanted).await?;
        }
        Ok(())
    }

    /// Opens a durable consumer, and creates it and its stream where they are missing.
    ///
    /// # Errors
    /// When either neither exists nor can be created.
    pub async fn ensure_consumer(
        &self,
        service: Service,
        subject: Subject,
    ) -> Result<PullConsumer, ProvisionError> {
        let stream = self.ensure_stream(self.topology.stream(subject.publisher())).await?;
        let wanted = topology::consumer(service, subject);
        let name = topology::durable_name(service, subject);
        let found = find_or_create_consumer(&stream, &name, &wanted).await?;
        self.warn_once("consumer", &name, differences::of_consumer(&wanted, &found.cached_info().config));
        Ok(found)
    }

    /// Creates the stream of a publisher after a publish found it missing, and answers the subjects of the stream that is there
    /// now. Failures are logged: the caller publishes again anyway, and comes back here.
    pub(super) async fn restore_stream(&self, publisher: Service) -> Option<Vec<String>> {
        if !self.may_restore_now() {
            return None;
        }
        let name = self.topology.stream_name(publisher);
        match self.ensure_stream(self.topology.stream(publisher)).await {
            Ok(stream) => {
                self.missing.succeeded();
                Some(stream.cached_info().config.subjects.clone())
            }
            Err(error) => {
                if self.missing.failed().is_some() {
                    let error = anyhow::Error::new(error);
                    warn!(stream = name, "a missing stream is still missing: {error:#}");
                }
                None
            }
        }
    }

    pub(super) async fn ensure_dead_letters(&self) -> Result<stream::Stream, ProvisionError> {
        self.ensure_stream(self.topology.dead_letters()).await
    }

    fn may_restore_now(&self) -> bool {
        let mut restored = self.restored.lock().unwrap_or_else(PoisonError::into_inner);
        if restored.is_some_and(|at| at.elapsed() < RESTORE_INTERVAL) {
            return false;
        }
        *restored = Some(Instant::now());
        true
    }

    /// The consumer of the overflow of one of this service's own, which is made with its stream where it is missing.
    pub(super) async fn ensure_overflow(&self, durable: &str) -> Result<PullConsumer, ProvisionError> {
        let stream = self.ensure_stream(self.topology.overflow()).await?;
        let wanted = topology::overflow_consumer(durable);
        find_or_create_consumer(&stream, &topology::overflow_name(durable), &wanted).await
    }

    /// The same if it is there; `None` if nothing ever overflowed.
    pub(super) async fn find_overflow(&self, durable: &str) -> Result<Option<PullConsumer>, ProvisionError> {
        match self.find_stream(&self.topology.overflow_stream_name()).await? {
            Some(stream) => find_consumer(&stream, &topology::overflow_name(durable)).await,
            None => Ok(None),
        }
    }

    /// The consumer of the replays of one of this service's own, which is made where it is missing; `None` if nothing was ever
    /// replayed.
    pub(super) async fn find_replays(&self, durable: &str) -> Result<Option<PullConsumer>, ProvisionError> {
        let stream = {
            let mut no_replays = self.no_replays.lock().await;
            if no_replays.is_some_and(|at| at.elapsed() < REPLAYS_INTERVAL) {
                return Ok(None);
            }
            let found = self.find_stream(&self.topology.replays_stream_name()).await?;
            *no_replays = found.is_none().then(Instant::now);
            found
        };
        let Some(stream) = stream else { return Ok(None) };
        let wanted = topology::replays_consumer(durable);
        find_or_create_consumer(&stream, &topology::replays_name(durable), &wanted).await.map(Some)
    }

    pub(super) async fn ensure_replays(&self) -> Result<stream::Stream, ProvisionError> {
        self.ensure_stream(self.topology.replays()).await
    }

    pub(super) async fn ensure_audit(&self) -> Result<stream::Stream, ProvisionError> {
        self.ensure_stream(self.topology.audit()).await
    }

    async fn ensure_stream(&self, wanted: stream::Config) -> Result<stream::Stream, ProvisionError> {
        self.check_server()?;
        let name = wanted.name.clone();
        let found = match self.find_stream(&name).await? {
            Some(found) => found,
            None => self.create_stream(&wanted).await?,
        };
        self.warn_once("stream", &name, differences::of_stream(&wanted, &found.cached_info().config));
        Ok(found)
    }

    async fn create_stream(&self, wanted: &stream::Config) -> Result<stream::Stream, ProvisionError> {
        let _one_at_a_time = self.creating.lock().await;
        let name = &wanted.name;
        if let Some(found) = self.find_stream(name).await? {
            return Ok(found);
        }
        match self.jetstream.create_stream(wanted.clone()).await {
            // The server answers the same to another process that was slower by a moment.
            Ok(_) => info!(stream = name, "stream {name} was missing and is there now"),
            Err(error) if name_is_taken(error.kind()) => {}
            Err(source) => return Err(refused("create", "stream", name, source.into())),
        }
        // A lost race is read back and compared like any other stream that was there.
        let found = self.find_stream(name).await?;
        found.ok_or_else(|| refused("read back", "stream", name, "it vanished again".into()))
    }

    async fn find_stream(&self, name: &str) -> Result<Option<stream::Stream>, ProvisionError> {
        match self.jetstream.get_stream(name).await {
            Ok(found) => Ok(Some(found)),
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(reason)
                    if reason.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    Ok(None)
                }
                _ => Err(refused("look for", "stream", name, error.into())),
            },
        }
    }

    fn warn_once(&self, kind: &str, name: &str, differences: Vec<Difference>) {
        for difference in differences {
            let line = format!(
                "{kind} {name} differs from what this build wants, and is left as it is: {difference}"
            );
            if self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(line.clone()) {
                warn!("{line}");
            }
        }
    }
}

/// Whether there is a server, and one that keeps all that it is told. Called by the command `topology` as well.
///
/// # Errors
/// [`ProvisionError::NotConnected`] or [`ProvisionError::ServerTooOld`].
pub fn check_server(client: &Client) -> Result<(), ProvisionError> {
    // Connected comes a moment before what the server says of itself.
    let version = client.server_info().version;
    if client.connection_state() != State::Connected || version.is_empty() {
        return Err(ProvisionError::NotConnected);
    }
    if is_new_enough(&version) { Ok(()) } else { Err(ProvisionError::ServerTooOld { version }) }
}

async fn find_or_create_consumer(
    stream: &stream::Stream,
    name: &str,
    wanted: &pull::Config,
) -> Result<PullConsumer, ProvisionError> {
    if let Some(found) = find_consumer(stream, name).await? {
        return Ok(found);
    }
    match stream.create_consumer_strict(wanted.clone()).await {
        Ok(created) if has_past(created.cached_info()) => {
            warn!(
                consumer = name,
                "consumer {name} was missing, but not how far it had come: it begins again"
            );
            stream
                .delete_consumer(name)
                .await
                .map_err(|source| refused("delete", "consumer", name, source.into()))?;
            let again = stream.create_consumer_strict(wanted.clone()).await;
            again.map_err(|source| refused("create", "consumer", name, source.into()))
        }
        Ok(created) => {
            info!(consumer = name, "consumer {name} was missing and is there now");
            Ok(created)
        }
        // The server answers the same to a replica that was slower by a moment.
        Err(error) if error.kind() == ConsumerCreateStrictErrorKind::AlreadyExists => {
            let found = find_consumer(stream, name).await?;
            found.ok_or_else(|| refused("read back", "consumer", name, "it vanished again".into()))
        }
        Err(source) => Err(refused("create", "consumer", name, source.into())),
    }
}

/// Whether a consumer that was just made has delivered before. A server whose disk was full may have lost its settings and kept its
/// state; it takes that up again, and what has other sequences by now would be passed over. A replica that has made it at the same
/// moment and pulled looks alike: then what it was given comes once more.
fn has_past(made: &consumer::Info) -> bool {
    made.delivered.consumer_sequence > 0
}

async fn find_consumer(stream: &stream::Stream, name: &str) -> Result<Option<PullConsumer>, ProvisionError> {
    match stream.get_consumer(name).await {
        Ok(found) => Ok(Some(found)),
        Err(error) => match error.downcast_ref::<ConsumerInfoError>() {
            Some(missing) if missing.kind() == ConsumerInfoErrorKind::NotFound => Ok(None),
            _ => Err(refused("look for", "consumer", name, error)),
        },
    }
}

fn name_is_taken(kind: CreateStreamErrorKind) -> bool {
    matches!(kind, CreateStreamErrorKind::JetStream(reason) if reason.error_code() == ErrorCode::STREAM_NAME_EXIST)
}

fn refused(step: &'static str, kind: &'static str, name: &str, source: async_nats::Error) -> ProvisionError {
    ProvisionError::Refused { step, kind, name: name.to_owned(), source }
}

/// 2.10 or newer. A version that can't be read is none.
fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
    matches!((numbers.next().flatten(), numbers.next().flatten()), (Some(major), Some(minor)) if (major, minor) >= (2, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_older_than_2_10_is_refused_by_its_version() {
        for old in ["2.9.10", "2.9.25", "1.4.1", "0.9.6", "", "dev", "2", "2.x.1"] {
            assert!(!is_new_enough(old), "{old:?}");
        }
        for new in ["2.10.0", "2.10.0-beta.1", "2.15.1", "2.11.0-dev", "3.0.0", "10.1.0"] {
            assert!(is_new_enough(new), "{new:?}");
        }
    }
}
