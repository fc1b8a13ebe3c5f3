//! How far a service has come with what the broker has stored.

use anyhow::{Context as _, bail};
use async_nats::jetstream::{ErrorCode, response::Response};
use common::event::Subject;
use serde::{Deserialize, de::DeserializeOwned};

use super::{Broker, topology};

/// What is not there answers so: a message, a stream, a consumer.
const NOT_FOUND: [ErrorCode; 3] =
    [ErrorCode::NO_MESSAGE_FOUND, ErrorCode::STREAM_NOT_FOUND, ErrorCode::CONSUMER_NOT_FOUND];

#[derive(Deserialize)]
struct Stored {
    message: StoredMessage,
}

#[derive(Deserialize)]
struct StoredMessage {
    seq: u64,
}

#[derive(Deserialize)]
struct Progress {
    ack_floor: AckFloor,
}

#[derive(Deserialize)]
struct AckFloor {
    stream_seq: u64,
}

impl Broker {
    /// The stream sequence of the last event of `subject` that the broker has stored, 0 if it has none. What was stored
    /// before this was asked is at or below it.
    ///
    /// # Errors
    /// When the broker does not answer, or not with this.
    pub async fn last_stored(&self, subject: Subject) -> anyhow::Result<u64> {
        let stream = self.provisioner().topology().stream_name(subject.publisher());
        let request = format!("$JS.API.STREAM.MSG.GET.{stream}");
        let body = serde_json::json!({ "last_by_subj": subject.as_str() }).to_string();
        let stored: Option<Stored> = self.ask(request, body).await?;
        Ok(stored.map_or(0, |stored| stored.message.seq))
    }

    /// The stream sequence up to which the replicas of this service have settled every event of `subject`: each was
    /// acked after its effect was durable, or is a dead letter. 0 before the first.
    ///
    /// # Errors
    /// As [`Self::last_stored`].
    pub async fn settled_up_to(&self, subject: Subject) -> anyhow::Result<u64> {
        let stream = self.provisioner().topology().stream_name(subject.publisher());
        let durable = topology::durable_name(self.service(), subject);
        let progress: Option<Progress> =
            self.ask(format!("$JS.API.CONSUMER.INFO.{stream}.{durable}"), String::new()).await?;
        Ok(progress.map_or(0, |progress| progress.ack_floor.stream_seq))
    }

    /// `None` for what is not there.
    async fn ask<T: DeserializeOwned>(&self, subject: String, body: String) -> anyhow::Result<Option<T>> {
        let answer = self.client().request(subject.clone(), body.into()).await;
        let answer = answer.with_context(|| format!("ask the broker {subject}"))?;
        let answer = serde_json::from_slice(&answer.payload)
            .with_context(|| format!("read the broker's answer to {subject}"))?;
        match answer {
            Response::Ok(given) => Ok(Some(given)),
            Response::Err { error } if NOT_FOUND.contains(&error.error_code()) => Ok(None),
            Response::Err { error } => bail!("the broker refused {subject}: {error}"),
        }
    }
}
