//! `GET /api/audit`

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::event::Timestamp;

/// Answer of `GET /api/audit?who=&action=&target=&text=&before=&limit=`: the newest first, at most 500 a page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    /// A page of entries that match.
    pub entries: Vec<AuditEntry>,
    /// The sequence before which the next page begins; also where a search has looked far enough and found too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// Who did what. An act is written down before it is done, and what came of it afterwards, with the same `act`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Its sequence in the stream; 0 before it is stored.
    #[serde(default)]
    pub sequence: u64,
    /// What belongs together.
    pub act: String,
    /// When, by console's clock.
    pub at: Timestamp,
    /// Who: the name of the token or of the proxy's user; empty where nobody is known.
    pub who: String,
    /// `viewer`, `operator` or empty.
    pub role: String,
    /// From where, as far as the connection tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The operation of the API, such as `moveTimer`.
    pub action: String,
    /// To what: `order <id>`, `dead letter <sequence>`, `payment <id>`, `operation <id>`, `schedule`.
    pub target: String,
    /// Whether it was about to be done, was done, or was refused.
    pub outcome: AuditOutcome,
    /// On how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// As it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// As it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// What was asked for: filter, instant, rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
    /// Why: the operator's words, or why it was refused or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The trace of the request.
    pub trace_id: String,
}

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuditOutcome {
    /// About to be done.
    Begun,
    /// Done.
    Done,
    /// Could not be done, in whole or in part.
    Failed,
    /// Not allowed.
    Refused,
}
