//! Who did what: written before it is done and after, never changed, and searched.

mod author;
mod refusals;
mod search;
mod target;

use std::{sync::Arc, time::Duration};

use common::{
    clock,
    event::{Id, Timestamp},
    operator::{AuditEntry, AuditOutcome},
};
use messaging::AuditLog;
use metrics::counter;
use process::telemetry::begin_at_zero;
use serde_json::Value;
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, warn};

pub use author::Author;
use refusals::Refusals;
pub use search::AuditFilter;
pub use target::Target;

/// How often the end of an act is tried to be written, within the broker's memory for what it has stored already.
const ATTEMPTS: u32 = 10;
/// Between two of these tries.
const PAUSE: Duration = Duration::from_secs(3);
/// Counts acts that were refused because they could not be written down, and ends of acts that never were.
const FAILURES: &str = "audit_failures_total";
/// Bytes of a note that are kept.
const LONGEST_NOTE: usize = 4_000;
/// Bytes of a value that are kept: an entry has to fit into a message. The body of a discarded letter fits in.
const LARGEST_VALUE: usize = 256 * 1024;

/// The audit.
#[derive(Debug)]
pub struct Audit {
    log: AuditLog,
    refusals: Refusals,
    /// Entries that are written in the background.
    writing: TaskTracker,
}

/// What an entry says beside who and what.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// On how many.
    pub count: Option<u64>,
    /// As it was.
    pub before: Option<Value>,
    /// As it is now.
    pub after: Option<Value>,
    /// What was asked for.
    pub request: Option<Value>,
    /// Why: the operator's words, or why it was refused or failed.
    pub note: Option<String>,
}

/// The audit can't be written: nothing may be done (503).
#[derive(Debug, thiserror::Error)]
#[error("The audit can't be written, so nothing was done: {0:#}")]
pub struct Unwritten(anyhow::Error);

impl Audit {
    /// Begins to count refusals, until `stop`. Called by `main`.
    pub fn start(log: AuditLog, stop: CancellationToken) -> Arc<Self> {
        begin_at_zero(FAILURES);
        let writing = TaskTracker::new();
        let refusals = Refusals::start(log.clone(), &writing, stop);
        Arc::new(Self { log, refusals, writing })
    }

    /// Writes down what is about to be done, and awaits that it is stored.
    ///
    /// # Errors
    /// When it is not known to be stored: do nothing.
    pub async fn begin(
        &self,
        author: impl Into<Author>,
        action: &str,
        target: Target,
        details: Details,
    ) -> Result<Act, Unwritten> {
        let act = Act {
            log: self.log.clone(),
            writing: self.writing.clone(),
            id: Id::generate().to_string(),
            author: author.into(),
            action: action.to_owned(),
            target,
        };
        let entry = act.entry(AuditOutcome::Begun, details);
        match act.store(&entry).await {
            Ok(()) => Ok(act),
            Err(error) => {
                counter!(FAILURES).increment(1);
                Err(Unwritten(error))
            }
        }
    }

    /// Notes an act that was refused. The first of a second are kept whole and the others are counted: nobody fills the audit
    /// by asking for what is refused.
    pub fn refused(&self, author: impl Into<Author>, action: &str, target: &Target, why: &str) {
        let details = Details { note: Some(why.to_owned()), ..Details::default() };
        let entry =
            entry(&author.into(), Id::generate().as_str(), action, target, AuditOutcome::Refused, details);
        self.refusals.note(entry, target.subject());
    }

    /// Waits until all that is to be written is written or given up. Called by `main` at the end, after `stop`.
    pub async fn wait(&self) {
        self.writing.close();
        self.writing.wait().await;
    }
}

/// An act that has begun. It ends with [`Self::done`] or [`Self::failed`].
#[derive(Clone, Debug)]
pub struct Act {
    log: AuditLog,
    writing: TaskTracker,
    id: String,
    author: Author,
    action: String,
    target: Target,
}

impl Act {
    /// Writes down that it is done.
    pub async fn done(self, details: Details) {
        let entry = self.entry(AuditOutcome::Done, details);
        self.end(entry).await;
    }

    /// Writes down that it could not be done, in whole or in part.
    pub async fn failed(self, why: &str, details: Details) {
        let entry = self.entry(AuditOutcome::Failed, Details { note: Some(why.to_owned()), ..details });
        self.end(entry).await;
    }

    /// Once while the caller waits; it is done either way, so then in the background.
    async fn end(self, entry: AuditEntry) {
        let Err(failure) = self.store(&entry).await else { return };
        warn!(act = self.id, "the end of {} is not in the audit yet: {failure:#}", entry.action);
        let writing = self.writing.clone();
        writing.spawn(async move {
            for _ in 1..ATTEMPTS {
                sleep(PAUSE).await;
                if self.store(&entry).await.is_ok() {
                    return;
                }
            }
            counter!(FAILURES).increment(1);
            error!(act = self.id, "the end of {} of {} is not in the audit", entry.action, entry.target);
        });
    }

    fn entry(&self, outcome: AuditOutcome, details: Details) -> AuditEntry {
        entry(&self.author, &self.id, &self.action, &self.target, outcome, details)
    }

    async fn store(&self, entry: &AuditEntry) -> anyhow::Result<()> {
        let id = format!("{}:{:?}", self.id, entry.outcome);
        let body = serde_json::to_vec(entry)?;
        self.log.store(&self.target.subject(), &id, body.into()).await.map(drop)
    }
}

fn entry(
    author: &Author,
    act: &str,
    action: &str,
    target: &Target,
    outcome: AuditOutcome,
    details: Details,
) -> AuditEntry {
    let Details { count, before, after, request, note } = details;
    let Author { who, role, from, trace_id } = author.clone();
    AuditEntry {
        sequence: 0,
        act: act.to_owned(),
        at: Timestamp::from_millis(clock::now_ms()),
        who,
        role,
        from,
        action: action.to_owned(),
        target: target.to_string(),
        outcome,
        count,
        before: before.map(fitting),
        after: after.map(fitting),
        request: request.map(fitting),
        note: note.map(bounded),
        trace_id,
    }
}

fn fitting(value: Value) -> Value {
    match value.to_string().len() {
        0..=LARGEST_VALUE => value,
        bytes => Value::String(format!("too large to be kept ({bytes} bytes)")),
    }
}

fn bounded(mut note: String) -> String {
    while note.len() > LONGEST_NOTE {
        note.pop();
    }
    note
}
