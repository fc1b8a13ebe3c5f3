//! `GET /aboutz` of every process.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::Timestamp;

/// Which process this is, and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// The service.
    pub service: String,
    /// Its release.
    pub version: String,
    /// Host name or pod.
    pub instance: String,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// Whether `/readyz` says so.
    pub ready: bool,
    /// What `/readyz` says beside that: a line for each thing that is in the way, or worth knowing.
    pub remarks: Vec<String>,
}
