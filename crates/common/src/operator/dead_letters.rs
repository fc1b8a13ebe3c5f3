//! `/api/dead-letters`

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::{Id, Timestamp};

/// Answer of `GET /api/dead-letters/groups`: the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterGroups {
    /// How many there are in all.
    pub total: u64,
    /// How many of them have been read so far; below `total` for some seconds after a start.
    pub read: u64,
    /// The groups.
    pub groups: Vec<DeadLetterGroup>,
}

/// Those of one consumer and one reason, where what differs from letter to letter (ids, numbers) does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterGroup {
    /// Stable name of the group, for filters.
    pub id: String,
    /// The consumer that gave them up.
    pub consumer: String,
    /// The subject that it listens to.
    pub subject: String,
    /// Why, with `…` for what differs.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// How many of them were replayed before and failed again.
    pub failed_again: u64,
    /// The oldest.
    pub oldest_at: Timestamp,
    /// The newest.
    pub newest_at: Timestamp,
}

/// Answer of `GET /api/dead-letters?group=&consumer=&order=&after=&limit=`: the newest first, at most 1,000 a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterPage {
    /// How many match in all.
    pub total: u64,
    /// A page of them.
    pub letters: Vec<DeadLetterBrief>,
    /// The sequence behind which the next page begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// One dead letter in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterBrief {
    /// Its sequence among the dead letters.
    pub sequence: u64,
    /// Its group.
    pub group: String,
    /// The consumer that gave it up.
    pub consumer: String,
    /// The subject that it came on.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// The order that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Id>,
    /// When it became one.
    pub at: Timestamp,
    /// How often it was replayed before, and failed again.
    pub replays: u32,
}

/// Answer of `GET /api/dead-letters/{sequence}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// What lists show.
    #[serde(flatten)]
    pub brief: DeadLetterBrief,
    /// The stream that the message came from.
    pub stream: String,
    /// Its sequence there.
    pub stream_sequence: u64,
    /// When it was stored there.
    pub published_at: String,
    /// The original message's headers.
    pub headers: BTreeMap<String, Vec<String>>,
    /// Its body, where it is UTF-8; bytes that are not are shown as U+FFFD.
    pub body: String,
    /// Whether the body is shown whole and exactly as it is; only then it can be replayed unedited as what is shown.
    pub exact: bool,
    /// The original length of a body that did not fit and was cut. It can be replayed with another body only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_from: Option<u64>,
    /// The trace of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// What is wrong with the body as an event of its subject, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Body of `POST /api/dead-letters/{sequence}/replay`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replay {
    /// Another body, which has to be an event of the subject: else 400 with the place where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Why, for the audit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a replay or a discard of one letter did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replayed {
    /// The letter.
    pub sequence: u64,
    /// It was replayed, or discarded, before; nothing was done.
    pub already: bool,
    /// For a person.
    pub message: String,
}

/// Body of `POST /api/dead-letters/{sequence}/discard`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Discard {
    /// Why, 1 to 1,000 characters. The letter itself is kept in the audit beside it.
    pub note: String,
}
