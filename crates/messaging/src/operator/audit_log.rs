//! The audit's stream: entries are stored, found, and never changed.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use async_nats::{
    Client,
    jetstream::{
        self,
        context::{PublishError, PublishErrorKind},
        message::PublishMessage,
        publish::PublishAck,
    },
};
use bytes::Bytes;
use serde::Deserialize;

use super::reader::{Reader, Reading};
use crate::{Provisioner, StoredMessage, api::ask, publisher::PUBACK_TIMEOUT};

/// Entries that are read at one time when searching backwards.
const CHUNK: u64 = 2_000;
/// How long the reading of one chunk may take.
const CHUNK_LIMIT: Duration = Duration::from_secs(3);

/// Stores and finds the entries of the audit.
#[derive(Clone, Debug)]
pub struct AuditLog {
    jetstream: jetstream::Context,
    provisioner: Arc<Provisioner>,
}

/// What to look for.
#[derive(Clone, Debug)]
pub struct AuditSearch<'a> {
    /// Only entries on this subject, see [`audit_subject`](crate::topology::audit_subject).
    pub subject: Option<&'a str>,
    /// Only entries before this sequence.
    pub before: Option<u64>,
    /// At most so many entries are looked at.
    pub most: u64,
}

#[derive(Deserialize)]
struct Info {
    state: State,
}

#[derive(Deserialize)]
struct State {
    first_seq: u64,
    last_seq: u64,
}

impl AuditLog {
    pub(super) fn new(client: Client, provisioner: Arc<Provisioner>) -> Self {
        let jetstream = jetstream::context::ContextBuilder::new().timeout(PUBACK_TIMEOUT).build(client);
        Self { jetstream, provisioner }
    }

    /// Stores an entry and awaits the PubAck, at most 3 s; its sequence. The same `id` again within two minutes stores nothing.
    ///
    /// # Errors
    /// When it is not known to be stored.
    pub async fn store(&self, subject: &str, id: &str, entry: Bytes) -> anyhow::Result<u64> {
        let mut stored = self.publish(subject, id, entry.clone()).await;
        if matches!(&stored, Err(missing) if missing.kind() == PublishErrorKind::StreamNotFound) {
            self.provisioner.ensure_audit().await?;
            stored = self.publish(subject, id, entry).await;
        }
        Ok(stored.context("write the audit")?.sequence)
    }

    #[expect(clippy::disallowed_methods, reason = "an entry is written before the act, and no outbox has it")]
    async fn publish(&self, subject: &str, id: &str, entry: Bytes) -> Result<PublishAck, PublishError> {
        let message = PublishMessage::build().message_id(id).payload(entry);
        let sent = async { self.jetstream.send_publish(subject.to_owned(), message).await?.await };
        // Sending waits while the client's queue is full.
        let timed_out = || PublishError::new(PublishErrorKind::TimedOut);
        tokio::time::timeout(PUBACK_TIMEOUT, sent).await.unwrap_or_else(|_| Err(timed_out()))
    }

    /// Hands entries to `take`, the newest first, until it answers `false` or as many were looked at as may be. Answers the
    /// sequence before which the next search goes on, if there may be more.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn search(
        &self,
        search: AuditSearch<'_>,
        mut take: impl FnMut(&StoredMessage) -> bool,
    ) -> anyhow::Result<Option<u64>> {
        let client = self.jetstream.client();
        let stream = self.provisioner.topology().audit_stream_name();
        let info: Option<Info> = ask(&client, &format!("STREAM.INFO.{stream}"), None).await?;
        let Some(Info { state: State { first_seq, last_seq } }) = info else { return Ok(None) };
        let mut end = search.before.map_or(last_seq, |before| last_seq.min(before.saturating_sub(1)));
        // Those of one subject are few, however far they lie apart.
        if let Some(subject) = search.subject {
            let entries = self.chunk(&stream, Some(subject), first_seq, end, search.most).await?;
            if let Some(entries) = entries {
                let stopped = entries.iter().rev().find(|entry| !take(entry));
                return Ok(stopped.map(|entry| entry.sequence));
            }
        }
        let mut left = search.most;
        while end >= first_seq && end > 0 && left > 0 {
            let count = CHUNK.min(left);
            let begin = end.saturating_sub(count - 1).max(first_seq);
            let entries = self.chunk(&stream, search.subject, begin, end, count).await?;
            for entry in entries.into_iter().flatten().rev() {
                if !take(&entry) {
                    return Ok(Some(entry.sequence));
                }
            }
            left = left.saturating_sub(count);
            end = begin.saturating_sub(1);
        }
        Ok((end >= first_seq && end > 0).then_some(end + 1))
    }

    /// Entries from `begin` to `end`; `None` if there are more than `most`.
    async fn chunk(
        &self,
        stream: &str,
        filter: Option<&str>,
        begin: u64,
        end: u64,
        most: u64,
    ) -> anyhow::Result<Option<Vec<StoredMessage>>> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let reading = Reading { stream, filter, begin, most, limit: CHUNK_LIMIT };
        let mut reader = Reader::begin(&self.jetstream.client(), reading).await?;
        let mut entries: Vec<StoredMessage> = Vec::new();
        while let Some(entry) = reader.next().await {
            let (sequence, pending) = (entry.sequence, entry.pending);
            if sequence <= end {
                entries.push(entry);
            }
            if sequence >= end || pending == 0 {
                return Ok(Some(entries));
            }
        }
        if reader.is_empty() {
            // There was nothing; or there were more than may be read.
            return Ok(entries.is_empty().then_some(entries));
        }
        bail!("the audit was not read in time")
    }
}
