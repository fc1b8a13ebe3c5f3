//! `GET /api/status`, and each message of `GET /api/live`: is it well?

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    event::Timestamp,
    internal::{About, OutboxState, OwedPayment, ScheduleState},
};

/// The whole platform at one instant. Where something does not answer, its part is left out and there is a trouble instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// When it was looked at, by console's clock.
    pub at: Timestamp,
    /// Nothing needs a person.
    pub well: bool,
    /// What does, the worst first.
    pub troubles: Vec<Trouble>,
    /// The schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleState>,
    /// Dead letters in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<u64>,
    /// Money that is owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<OwedState>,
    /// Each outbox.
    pub outboxes: Vec<OutboxReport>,
    /// Each durable consumer.
    pub consumers: Vec<ConsumerState>,
    /// Each stream, against the topology.
    pub streams: Vec<StreamState>,
    /// Each service.
    pub services: Vec<ServiceState>,
}

/// Something that needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trouble {
    /// Buyers are affected now; else it can wait for the morning.
    pub urgent: bool,
    /// What, in one sentence.
    pub what: String,
    /// The next step, in one sentence.
    pub next: String,
    /// The page of console that shows more, as a path.
    pub page: String,
}

/// Rejected payments that are not settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwedState {
    /// How many.
    pub count: u64,
    /// The one that has been open for the longest time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<OwedPayment>,
}

/// The outbox of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutboxReport {
    /// The service.
    pub service: String,
    /// How it is. Left out: the service does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<OutboxState>,
}

/// A durable consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerState {
    /// Its name.
    pub name: String,
    /// The stream that it reads.
    pub stream: String,
    /// What it listens to.
    pub subject: String,
    /// Whether it is there.
    pub exists: bool,
    /// Not delivered yet.
    pub pending: u64,
    /// Delivered and not answered.
    pub in_flight: u64,
    /// Of those in flight, delivered more than once.
    pub redelivered: u64,
    /// For how long the oldest message that is not handled has been stored, in ms; 0: there is none.
    pub oldest_age_ms: u64,
    /// Settings that differ from the topology: `name: found, wanted`.
    pub differences: Vec<String>,
}

/// A stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamState {
    /// Its name.
    pub name: String,
    /// Whether it is there. One that is made with the first message it is for may be missing.
    pub exists: bool,
    /// Whether it may be missing.
    pub optional: bool,
    /// Messages.
    pub messages: u64,
    /// Bytes.
    pub bytes: u64,
    /// How many there may be; 0: no limit.
    pub bytes_limit: u64,
    /// The last sequence.
    pub last_sequence: u64,
    /// Settings that differ from the topology: `name: found, wanted`.
    pub differences: Vec<String>,
}

/// A service with its processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceState {
    /// Its name.
    pub name: String,
    /// Its processes.
    pub processes: Vec<ProcessState>,
}

/// One process, or an address at which none answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProcessState {
    /// Where.
    pub address: String,
    /// What it says of itself. Left out: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
}
