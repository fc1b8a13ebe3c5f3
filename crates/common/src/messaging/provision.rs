//! Creates what is missing of the topology, and never touches what is there.

use std::{
    fmt::Display,
    sync::Mutex,
    time::{Duration, Instant},
};

use async_nats::jetstream::{
    self, ErrorCode,
    consumer::{self, PullConsumer},
    context::{CreateStreamErrorKind, GetStreamErrorKind},
    stream::{self, ConsumerCreateStrictErrorKind},
};
use tracing::{info, warn};

use super::topology::{self, Topology};
use crate::event::{Service, Subject};

/// A stream that a publish found missing is looked after at most this often.
const RESTORE_INTERVAL: Duration = Duration::from_millis(500);

/// Why a stream or a consumer could not be made sure of. Every cause may pass: the caller waits and tries again.
#[derive(Debug, thiserror::Error)]
#[error("could not {step} {kind} {name:?}: check that JetStream is on and that this user may create it")]
pub struct ProvisionError {
    step: &'static str,
    kind: &'static str,
    name: String,
    source: async_nats::Error,
}

/// Makes sure of streams and consumers.
#[derive(Debug)]
pub struct Provisioner {
    jetstream: jetstream::Context,
    topology: Topology,
    restored: Mutex<Option<Instant>>,
}

impl Provisioner {
    pub(super) fn new(jetstream: jetstream::Context, topology: Topology) -> Self {
        Self { jetstream, topology, restored: Mutex::new(None) }
    }

    /// The names and settings that this provisioner works from.
    pub fn topology(&self) -> &Topology {
        &self.topology
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
        let created = stream.create_consumer_strict(wanted.clone()).await;
        let found = match created {
            Ok(created) => {
                info!(consumer = name, "created or confirmed consumer {name}");
                return Ok(created);
            }
            // It is there with other settings, or a replica was faster: what is there is used.
            Err(error) if error.kind() == ConsumerCreateStrictErrorKind::AlreadyExists => stream
                .get_consumer::<consumer::pull::Config>(&name)
                .await
                .map_err(|source| failed("open", "consumer", &name, source))?,
            Err(source) => return Err(failed("create", "consumer", &name, source.into())),
        };
        for difference in consumer_differences(&wanted, &found.cached_info().config) {
            warn!(
                consumer = name,
                "consumer {name} differs from what this build wants, and is left as it is: {difference}"
            );
        }
        Ok(found)
    }

    /// Creates the stream of a publisher after a publish found it missing. Failures are logged: the caller
    /// publishes again anyway, and comes back here.
    pub(super) async fn restore_stream(&self, publisher: Service) {
        if !self.may_restore_now() {
            return;
        }
        match self.ensure_stream(self.topology.stream(publisher)).await {
            Ok(_) => warn!("stream {} was missing and is there again", self.topology.stream_name(publisher)),
            Err(error) => {
                warn!("a missing stream is still missing: {:#}", anyhow::Error::new(error));
            }
        }
    }

    fn may_restore_now(&self) -> bool {
        let mut restored = self.restored.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if restored.is_some_and(|at| at.elapsed() < RESTORE_INTERVAL) {
            return false;
        }
        *restored = Some(Instant::now());
        true
    }

    pub(super) async fn ensure_dead_letters(&self) -> Result<stream::Stream, ProvisionError> {
        self.ensure_stream(self.topology.dead_letters()).await
    }

    async fn ensure_stream(&self, wanted: stream::Config) -> Result<stream::Stream, ProvisionError> {
        let name = wanted.name.clone();
        if let Some(found) = self.find_stream(&name).await? {
            warn_of_differences(&wanted, &found);
            return Ok(found);
        }
        match self.jetstream.create_stream(wanted.clone()).await {
            Ok(created) => {
                info!(stream = name, "created stream {name}");
                drop(created);
            }
            Err(error) if name_is_taken(error.kind()) => {}
            Err(source) => return Err(failed("create", "stream", &name, source.into())),
        }
        // A lost race is read back and compared like any other stream that was there.
        match self.find_stream(&name).await? {
            Some(found) => {
                warn_of_differences(&wanted, &found);
                Ok(found)
            }
            None => Err(failed("read back", "stream", &name, "it vanished after it was created".into())),
        }
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
                _ => Err(failed("look for", "stream", name, error.into())),
            },
        }
    }
}

fn name_is_taken(kind: CreateStreamErrorKind) -> bool {
    matches!(kind, CreateStreamErrorKind::JetStream(reason) if reason.error_code() == ErrorCode::STREAM_NAME_EXIST)
}

fn failed(step: &'static str, kind: &'static str, name: &str, source: async_nats::Error) -> ProvisionError {
    ProvisionError { step, kind, name: name.to_owned(), source }
}

fn warn_of_differences(wanted: &stream::Config, found: &stream::Stream) {
    let name = &wanted.name;
    for difference in stream_differences(wanted, &found.cached_info().config) {
        warn!(
            stream = name,
            "stream {name} differs from what this build wants, and is left as it is: {difference}"
        );
    }
}

fn stream_differences(wanted: &stream::Config, found: &stream::Config) -> Vec<String> {
    let sorted = |config: &stream::Config| {
        let mut subjects = config.subjects.clone();
        subjects.sort_unstable();
        format!("{subjects:?}")
    };
    let fields = [
        difference("subjects", &sorted(wanted), &sorted(found)),
        difference("storage", &format!("{:?}", wanted.storage), &format!("{:?}", found.storage)),
        difference("retention", &format!("{:?}", wanted.retention), &format!("{:?}", found.retention)),
        difference("discard", &format!("{:?}", wanted.discard), &format!("{:?}", found.discard)),
        difference("max_age", &format!("{:?}", wanted.max_age), &format!("{:?}", found.max_age)),
        difference(
            "duplicate_window",
            &format!("{:?}", wanted.duplicate_window),
            &format!("{:?}", found.duplicate_window),
        ),
        difference("num_replicas", &wanted.num_replicas, &found.num_replicas),
    ];
    fields.into_iter().flatten().collect()
}

fn consumer_differences(wanted: &consumer::pull::Config, found: &consumer::Config) -> Vec<String> {
    let fields = [
        difference("filter_subject", &wanted.filter_subject, &found.filter_subject),
        difference(
            "deliver_policy",
            &format!("{:?}", wanted.deliver_policy),
            &format!("{:?}", found.deliver_policy),
        ),
        difference("ack_policy", &format!("{:?}", wanted.ack_policy), &format!("{:?}", found.ack_policy)),
        difference("ack_wait", &format!("{:?}", wanted.ack_wait), &format!("{:?}", found.ack_wait)),
        difference("max_deliver", &wanted.max_deliver, &found.max_deliver),
        difference("max_ack_pending", &wanted.max_ack_pending, &found.max_ack_pending),
        difference("backoff", &format!("{:?}", wanted.backoff), &format!("{:?}", found.backoff)),
    ];
    fields.into_iter().flatten().collect()
}

fn difference<T: PartialEq + Display>(field: &str, wanted: &T, found: &T) -> Option<String> {
    (wanted != found).then(|| format!("{field} is {found}, wanted {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_field_and_both_values() {
        let wanted = Topology::new("c", 1).stream(Service::Orders);
        let found =
            stream::Config { duplicate_window: Duration::from_secs(1), num_replicas: 3, ..wanted.clone() };
        assert_eq!(
            stream_differences(&wanted, &found),
            ["duplicate_window is 1s, wanted 120s", "num_replicas is 3, wanted 1"]
        );
        assert!(stream_differences(&wanted, &wanted).is_empty());
    }
}
