//! Questions to the JetStream API whose answers are read here rather than by `async_nats`: with a limit, and with nothing there
//! as an answer of its own.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use async_nats::{
    Client,
    jetstream::{ErrorCode, response::Response},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Time that a question may take before it counts as unanswered.
const LIMIT: Duration = Duration::from_secs(3);
/// What is not there answers so: a message, a stream, a consumer.
const NOT_FOUND: [ErrorCode; 3] =
    [ErrorCode::NO_MESSAGE_FOUND, ErrorCode::STREAM_NOT_FOUND, ErrorCode::CONSUMER_NOT_FOUND];

/// Asks the JetStream API; `None` for what is not there.
///
/// # Errors
/// When it does not answer, or refuses.
pub(super) async fn ask<T: DeserializeOwned>(
    client: &Client,
    question: &str,
    body: Option<&Value>,
) -> anyhow::Result<Option<T>> {
    let subject = format!("$JS.API.{question}");
    let body = body.map(Value::to_string).unwrap_or_default();
    let answer = tokio::time::timeout(LIMIT, client.request(subject, body.into())).await;
    let answer = answer.map_err(|_| anyhow!("no answer to {question}"))?;
    let answer = answer.with_context(|| format!("ask the broker {question}"))?;
    match serde_json::from_slice(&answer.payload).with_context(|| format!("read the answer to {question}"))? {
        Response::Ok(given) => Ok(Some(given)),
        Response::Err { error } if NOT_FOUND.contains(&error.error_code()) => Ok(None),
        Response::Err { error } => bail!("the broker refused {question}: {error}"),
    }
}

/// Deletes a consumer. One that is not there is deleted already.
///
/// # Errors
/// As [`ask`].
pub(super) async fn delete_consumer(client: &Client, stream: &str, consumer: &str) -> anyhow::Result<()> {
    let deleted: Option<Value> = ask(client, &format!("CONSUMER.DELETE.{stream}.{consumer}"), None).await?;
    drop(deleted);
    Ok(())
}
