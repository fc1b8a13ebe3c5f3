//! What the dead letters have no room for: a work queue that is made when the first one comes, and from which the consumer
//! loop brings it to the dead letters once they have room.

use std::{error::Error as StdError, time::Duration};

use anyhow::anyhow;
use async_nats::{
    HeaderValue,
    jetstream::{
        self, AckKind,
        context::{PublishError, PublishErrorKind},
    },
};
use futures_util::StreamExt as _;

use super::{Content, DeadLetters};
use crate::{dead_letter_header as header, topology};

/// Letters of the overflow that are in hand at one time.
const BROUGHT_AT_ONCE: usize = 100;
/// Until one that there was no room for is tried again.
const OVERFLOW_PAUSE: Duration = Duration::from_secs(5);
/// What a stream says that is full: all that tells it from other failures to store, which have the same code.
const FULL: [&str; 2] = ["maximum messages exceeded", "maximum bytes exceeded"];

impl DeadLetters {
    /// Into the overflow, which is made first if it has to be. One that is there already is this one.
    pub(super) async fn overflow(&self, content: &Content, subject: &str) -> anyhow::Result<()> {
        let mut published = self.publish(content, subject, 0).await;
        if matches!(&published, Err(missing) if missing.kind() == PublishErrorKind::StreamNotFound) {
            self.provisioner.ensure_overflow(&self.durable).await?;
            published = self.publish(content, subject, 0).await;
        }
        match published {
            Err(there) if there.kind() == PublishErrorKind::WrongLastSequence => Ok(()),
            other => Ok(other?),
        }
    }

    /// Brings what is in the overflow to the dead letters, as far as they have room, and says how much it was. Called now
    /// and then by the consumer loop.
    ///
    /// # Errors
    /// What the broker answers. What was not brought stays where it is.
    #[expect(clippy::disallowed_methods, reason = "this is part of the consumer loop")]
    pub(crate) async fn bring_overflow(&self) -> anyhow::Result<usize> {
        let Some(consumer) = self.provisioner.find_overflow(&self.durable).await? else { return Ok(0) };
        let mut brought = 0;
        loop {
            let mut waiting = consumer.fetch().max_messages(BROUGHT_AT_ONCE).messages().await?;
            let mut any = false;
            while let Some(message) = waiting.next().await {
                let message = message.map_err(|error| anyhow!(error))?;
                any = true;
                let headers = message.headers.clone().unwrap_or_default();
                let sequence = headers.get(header::SEQUENCE).map_or("", HeaderValue::as_str);
                let subject =
                    topology::dead_letter_subject(&self.durable, sequence.parse().unwrap_or_default());
                let content = Content { headers, payload: message.payload.clone() };
                if let Err(error) = self.publish_first(&content, &subject).await {
                    // Later: the others would fare no better.
                    let _ = message.ack_with(AckKind::Nak(Some(OVERFLOW_PAUSE))).await;
                    return Err(error);
                }
                self.stored.increment(1);
                message.ack().await.map_err(|error| anyhow!(error))?;
                brought += 1;
            }
            if !any {
                return Ok(brought);
            }
        }
    }
}

/// Whether the dead letters refuse because they are full.
pub(super) fn is_for_want_of_room(error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<PublishError>().and_then(StdError::source);
    let refusal = refusal.and_then(|source| source.downcast_ref::<jetstream::Error>());
    refusal.is_some_and(|refusal| FULL.iter().any(|full| refusal.to_string().contains(full)))
}
