//! What a service has told, in the broker and in its outbox.

use anyhow::{Context, Result};
use async_nats::jetstream::{Context as JetStream, message::StreamMessage};
use sqlx::PgPool;

/// Every message of a stream whose subject begins so, in order; none where there is no such stream.
///
/// # Errors
/// When the broker does not answer.
pub async fn messages(jetstream: &JetStream, stream: &str, subject: &str) -> Result<Vec<StreamMessage>> {
    let Ok(stream) = jetstream.get_stream(stream).await else { return Ok(Vec::new()) };
    let mut messages = Vec::new();
    let state = &stream.cached_info().state;
    // Of an empty stream both are 0 or the first is the larger, and neither is a message.
    for sequence in state.first_sequence.max(1)..=state.last_sequence {
        let message = stream.get_raw_message(sequence).await.context("read a message")?;
        if message.subject.as_str().starts_with(subject) {
            messages.push(message);
        }
    }
    Ok(messages)
}

/// What waits in an outbox.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct OutboxRow {
    /// Where it will go.
    pub subject: String,
    /// Its body.
    pub payload: String,
    /// The trace that it belongs to.
    pub traceparent: Option<String>,
}

/// What waits in the outbox for this subject, in order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn outbox(pool: &PgPool, subject: &str) -> Result<Vec<OutboxRow>> {
    sqlx::query_as("select subject, payload, traceparent from outbox where subject = $1 order by position")
        .bind(subject)
        .fetch_all(pool)
        .await
        .context("read an outbox")
}

/// Subject and body of everything that waits in the outbox.
///
/// # Errors
/// When Postgres does not answer.
pub async fn whole_outbox(pool: &PgPool) -> Result<Vec<(String, String)>> {
    let rows = sqlx::query_as("select subject, payload from outbox order by position").fetch_all(pool);
    rows.await.context("read an outbox")
}

/// Empties the outbox, as if the broker had everything.
///
/// # Errors
/// When Postgres does not answer.
pub async fn empty_outbox(pool: &PgPool) -> Result<()> {
    sqlx::query("delete from outbox").execute(pool).await.map(drop).context("empty an outbox")
}
