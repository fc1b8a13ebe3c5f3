//! Where PubAcks come back.

use std::sync::{Mutex, PoisonError};

use async_nats::{Client, Message, Subject, Subscriber, client::SubscribeError};
use futures_util::StreamExt;

/// One wildcard subscription, used by one batch at a time. The last token of a reply subject is the number of the
/// batch and the place in it, so a PubAck finds its message without a table of requests.
#[derive(Debug)]
pub(super) struct AckInbox {
    prefix: String,
    acks: Subscriber,
    batch: u64,
}

impl AckInbox {
    async fn open(client: &Client) -> Result<Self, SubscribeError> {
        let prefix = client.new_inbox();
        let acks = client.subscribe(format!("{prefix}.*")).await?;
        Ok(Self { prefix, acks, batch: 0 })
    }

    /// The reply subject of the message at this place of the batch.
    pub(super) fn reply(&self, index: usize) -> Subject {
        format!("{}.{}-{index}", self.prefix, self.batch).into()
    }

    /// The next PubAck and the place that it is for; none when the client is closed. One that still comes for an
    /// earlier batch is dropped. Dropped half-way it loses nothing.
    pub(super) async fn next(&mut self) -> Option<(usize, Message)> {
        loop {
            let message = self.acks.next().await?;
            if let Some(index) = self.place(&message.subject) {
                return Some((index, message));
            }
        }
    }

    fn place(&self, subject: &str) -> Option<usize> {
        place(self.batch, subject)
    }
}

/// The place in this batch that a reply subject names, if it is one of this batch's.
fn place(batch: u64, subject: &str) -> Option<usize> {
    let (number, index) = subject.rsplit_once('.')?.1.split_once('-')?;
    (number.parse() == Ok(batch)).then(|| index.parse().ok())?
}

/// Inboxes that no batch uses: each costs the broker a subscription, so they are kept.
#[derive(Debug, Default)]
pub(super) struct AckInboxes(Mutex<Vec<AckInbox>>);

impl AckInboxes {
    /// An inbox for a new batch.
    pub(super) async fn take(&self, client: &Client) -> Result<AckInbox, SubscribeError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut inbox = match kept {
            Some(inbox) => inbox,
            None => AckInbox::open(client).await?,
        };
        inbox.batch += 1;
        Ok(inbox)
    }

    /// Keeps an inbox whose batch has its answers.
    pub(super) fn put_back(&self, inbox: AckInbox) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(inbox);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_puback_of_an_earlier_batch_is_none_of_this_one() {
        assert_eq!(place(7, "_INBOX.a.7-0"), Some(0));
        assert_eq!(place(7, "_INBOX.a.7-499"), Some(499));
        for other in ["_INBOX.a.6-0", "_INBOX.a.77-0", "_INBOX.a.7", "_INBOX.a.7-", "_INBOX.a.7-x", "7-0"] {
            assert_eq!(place(7, other), None, "{other}");
        }
    }
}
