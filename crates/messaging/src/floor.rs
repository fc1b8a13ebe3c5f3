//! How far the durable consumers of a stream have come, and the way back for one that is beyond what its stream has.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use async_nats::jetstream::{
    consumer::{self, DeliverPolicy, FromConsumer as _, pull},
    stream::ConsumerCreateStrictErrorKind,
};
use common::{Service, event::Subject};
use serde::Deserialize;
use tracing::info;

use super::{
    Broker,
    api::{ask, delete_consumer},
    topology,
};

/// Between the end of a consumer and the beginning of the next one of its name: longer than an answer to a message of the old one
/// is sent without a question (`incarnation`), and shorter than its listeners wait before they make it themselves (`pump`).
const PAUSE: Duration = Duration::from_millis(750);
/// How often somebody else may make the consumer in between.
const RACES: usize = 5;

/// How far a durable consumer has come in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// Every message up to this sequence is acked or was not for it.
    pub acked: u64,
    /// The sequence that was delivered last.
    pub delivered: u64,
    /// Messages that it has yet to deliver.
    pub pending: u64,
    /// Messages that are delivered and have no answer.
    pub in_hand: u64,
    /// Requests of listeners that wait for messages: none while no listener is there.
    pub waiting: u64,
}

impl Floor {
    /// Whether everything in the stream is delivered and answered, wherever the floor is: it moves by what was delivered only.
    pub fn is_idle(&self) -> bool {
        self.pending == 0 && self.in_hand == 0
    }

    /// The sequence up to which it has taken everything. `last` is the last sequence of its stream, asked before the floor.
    pub fn taken(&self, last: u64) -> u64 {
        if self.is_idle() { self.acked.max(last) } else { self.acked }
    }

    /// Whether it is beyond the end of its stream, which then lost messages: it waits for sequences that are not there, and gets
    /// nothing of what is stored now. `last` is the last sequence of its stream, asked after the floor.
    pub fn is_ahead_of(&self, last: u64) -> bool {
        self.delivered > last || self.acked > last
    }
}

#[derive(Deserialize)]
struct Info {
    delivered: Sequences,
    ack_floor: Sequences,
    num_pending: u64,
    num_ack_pending: u64,
    #[serde(default)]
    num_waiting: u64,
}

#[derive(Deserialize)]
struct Sequences {
    stream_seq: u64,
}

impl From<Info> for Floor {
    fn from(info: Info) -> Self {
        Self {
            acked: info.ack_floor.stream_seq,
            delivered: info.delivered.stream_seq,
            pending: info.num_pending,
            in_hand: info.num_ack_pending,
            waiting: info.num_waiting,
        }
    }
}

/// What is read of a consumer that is there.
#[derive(Deserialize)]
struct Found {
    config: consumer::Config,
}

impl Broker {
    /// How far each of these durable consumers has come, in their order; `None`: it is not there.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn floors(&self, listeners: &[(Service, Subject)]) -> anyhow::Result<Vec<Option<Floor>>> {
        let mut floors = Vec::with_capacity(listeners.len());
        for listener in listeners {
            let (stream, durable) = self.names(*listener);
            let info: Option<Info> =
                ask(self.client(), &format!("CONSUMER.INFO.{stream}.{durable}"), None).await?;
            floors.push(info.map(Floor::from));
        }
        Ok(floors)
    }

    /// Has a durable consumer deliver everything behind this sequence once more; everything that is there for `None`. Its
    /// settings stay as they are.
    ///
    /// # Errors
    /// When the broker does not answer, refuses, or somebody else makes the consumer each time. It may not be there then, or
    /// begin at the start: the listener makes it, and calling this again is right.
    pub async fn begin_again(&self, listener: (Service, Subject), behind: Option<u64>) -> anyhow::Result<()> {
        let (service, subject) = listener;
        let (stream, durable) = self.names(listener);
        let state = self.stream_state(subject.publisher()).await?;
        let last = state.with_context(|| format!("there is no stream {stream}"))?.last_sequence;
        let question = format!("CONSUMER.INFO.{stream}.{durable}");
        let found: Option<Found> = ask(self.client(), &question, None).await?;
        let found = found.and_then(|found| pull::Config::try_from_consumer_config(found.config).ok());
        let usable = found.filter(|config| config.filter_subject == subject.as_str());
        let config = usable.unwrap_or_else(|| topology::consumer(service, subject));
        // Newer servers would begin where the sequence says, also beyond the end.
        let deliver_policy = begin(behind.map(|behind| behind.min(last)));
        let config = pull::Config { deliver_policy, ..config };
        for race in 0..RACES {
            delete_consumer(self.client(), &stream, &durable).await?;
            if race == 0 {
                tokio::time::sleep(PAUSE).await;
            }
            if self.create_consumer(&stream, &config).await? {
                info!(consumer = durable, "consumer {durable} begins again at {deliver_policy:?}");
                return Ok(());
            }
        }
        bail!("somebody else made consumer {durable} each time that it was deleted")
    }

    fn names(&self, (service, subject): (Service, Subject)) -> (String, String) {
        (self.topology().stream_name(subject.publisher()), topology::durable_name(service, subject))
    }

    /// Whether it was made: not if somebody else has made another by this name.
    async fn create_consumer(&self, stream: &str, config: &pull::Config) -> anyhow::Result<bool> {
        let jetstream = self.provisioner().jetstream();
        match jetstream.create_consumer_strict_on_stream(config.clone(), stream).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ConsumerCreateStrictErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(anyhow!(error).context("make the consumer anew")),
        }
    }
}

fn begin(behind: Option<u64>) -> DeliverPolicy {
    match behind {
        None | Some(0) => DeliverPolicy::All,
        Some(behind) => DeliverPolicy::ByStartSequence { start_sequence: behind + 1 },
    }
}
