//! The dead letters, to read and to delete.

use std::time::Duration;

use anyhow::Context as _;
use async_nats::{Client, jetstream::ErrorCode, jetstream::response::Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use super::Letter;
use crate::{StoredMessage, api::ask, pull::Pull, stored::message};

/// Letters that are asked for at one time.
const BATCH: usize = 1_000;
/// How long the broker keeps the place of a reader that asks for nothing.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30);

/// The dead letters.
#[derive(Clone, Debug)]
pub struct DeadLetterBox {
    client: Client,
    stream: String,
}

/// What there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LetterState {
    /// When the stream was made, in ns since the epoch: another one begins its sequences again. 0: there is none.
    pub created_ns: i64,
    /// How many letters there are.
    pub count: u64,
    /// The first sequence that is there.
    pub first: u64,
    /// The last that ever was.
    pub last: u64,
}

#[derive(Deserialize)]
struct Info {
    created: DateTime<Utc>,
    state: State,
}

#[derive(Deserialize)]
struct State {
    messages: u64,
    first_seq: u64,
    last_seq: u64,
}

#[derive(Deserialize)]
struct Made {
    name: String,
}

#[derive(Deserialize)]
struct Deleted {
    success: bool,
}

impl DeadLetterBox {
    pub(super) fn new(client: Client, stream: String) -> Self {
        Self { client, stream }
    }

    /// How many there are.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn state(&self) -> anyhow::Result<LetterState> {
        let info: Option<Info> = ask(&self.client, &format!("STREAM.INFO.{}", self.stream), None).await?;
        let Some(Info { created, state }) = info else { return Ok(LetterState::default()) };
        Ok(LetterState {
            created_ns: created.timestamp_nanos_opt().unwrap_or_default(),
            count: state.messages,
            first: state.first_seq,
            last: state.last_seq,
        })
    }

    /// One letter, if it is there.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn get(&self, sequence: u64) -> anyhow::Result<Option<Letter>> {
        // To the broker 0 is no sequence at all.
        if sequence == 0 {
            return Ok(None);
        }
        let letter = message(&self.client, &self.stream, &json!({ "seq": sequence })).await?;
        Ok(letter.map(Letter::from))
    }

    /// Deletes one letter, by its own sequence; whether it was there.
    ///
    /// # Errors
    /// When it is not known to be gone; doing it again is harmless.
    pub async fn delete(&self, sequence: u64) -> anyhow::Result<bool> {
        let subject = format!("$JS.API.STREAM.MSG.DELETE.{}", self.stream);
        // Overwriting it on the disk is for secrets.
        let body = json!({ "seq": sequence, "no_erase": true }).to_string();
        let answer = self.client.request(subject, body.into()).await;
        let answer = answer.with_context(|| format!("delete dead letter {sequence}"))?;
        match serde_json::from_slice(&answer.payload).context("read the answer to a deletion")? {
            Response::Ok(Deleted { success }) => Ok(success),
            Response::Err { error } if is_gone(error.error_code()) => Ok(false),
            Response::Err { error } => Err(error).with_context(|| format!("delete dead letter {sequence}")),
        }
    }

    /// Those behind a sequence, and those that come later. `whole`: with their bodies; else with the headers alone.
    ///
    /// # Errors
    /// When the broker does not answer, or there is no such stream.
    pub async fn tail(&self, after: u64, whole: bool) -> anyhow::Result<LetterTail> {
        let config = json!({
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": after + 1,
            "ack_policy": "none",
            "max_deliver": 1,
            "replay_policy": "instant",
            "inactive_threshold": FORGOTTEN_AFTER.as_nanos() as u64,
            "mem_storage": true,
            "num_replicas": 1,
            "headers_only": !whole,
        });
        let request = json!({ "stream_name": self.stream, "config": config });
        let made: Option<Made> =
            ask(&self.client, &format!("CONSUMER.CREATE.{}", self.stream), Some(&request)).await?;
        let Made { name } = made.with_context(|| format!("there is no stream {}", self.stream))?;
        let pull = Pull::open(&self.client, &self.stream, &name, FORGOTTEN_AFTER, BATCH).await?;
        Ok(LetterTail { pull })
    }
}

/// What the broker answers for a message that is not there.
fn is_gone(code: ErrorCode) -> bool {
    [ErrorCode::NO_MESSAGE_FOUND, ErrorCode::STREAM_NOT_FOUND, ErrorCode::STREAM_MESSAGE_DELETE_FAILED]
        .contains(&code)
}

/// Letters in their order, as they come.
#[derive(Debug)]
pub struct LetterTail {
    pull: Pull,
}

impl LetterTail {
    /// Waits for the next one. Dropped half-way it loses nothing.
    ///
    /// # Errors
    /// With the reason for which no more will come: open another behind the last one that came.
    pub async fn next(&mut self) -> Result<Letter, String> {
        Ok(StoredMessage::from(self.pull.next().await?).into())
    }

    /// Whether it was opened on a connection that is gone, so that nothing more will come.
    pub fn is_cut_off(&self) -> bool {
        self.pull.is_cut_off()
    }
}
