//! Where PubAcks come back.

use std::sync::{Mutex, PoisonError};

use async_nats::{Client, Message, Subject, Subscriber, client::SubscribeError};
use futures_util::StreamExt;

/// One wildcard subscription, used by one flight at a time. The last token of a reply subject is the number of the
/// flight and the place in it, so a PubAck finds its message without a table of requests.
#[derive(Debug)]
pub(super) struct Lane {
    inbox: String,
    acks: Subscriber,
    flight: u64,
}

impl Lane {
    async fn open(client: &Client) -> Result<Self, SubscribeError> {
        let inbox = client.new_inbox();
        let acks = client.subscribe(format!("{inbox}.*")).await?;
        Ok(Self { inbox, acks, flight: 0 })
    }

    /// The reply subject of the message at this place of the flight.
    pub(super) fn reply(&self, index: usize) -> Subject {
        format!("{}.{}-{index}", self.inbox, self.flight).into()
    }

    /// The next PubAck and the place that it is for; none when the client is closed. One that still comes for an
    /// earlier flight is dropped. Dropped half-way it loses nothing.
    pub(super) async fn next(&mut self) -> Option<(usize, Message)> {
        loop {
            let message = self.acks.next().await?;
            if let Some(index) = self.place(&message.subject) {
                return Some((index, message));
            }
        }
    }

    fn place(&self, subject: &str) -> Option<usize> {
        let (flight, index) = subject.rsplit_once('.')?.1.split_once('-')?;
        (flight.parse() == Ok(self.flight)).then(|| index.parse().ok())?
    }
}

/// Lanes that no flight uses: each costs the broker a subscription, so they are kept.
#[derive(Debug, Default)]
pub(super) struct Lanes(Mutex<Vec<Lane>>);

impl Lanes {
    /// A lane for a new flight.
    pub(super) async fn take(&self, client: &Client) -> Result<Lane, SubscribeError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut lane = match kept {
            Some(lane) => lane,
            None => Lane::open(client).await?,
        };
        lane.flight += 1;
        Ok(lane)
    }

    /// Keeps a lane whose flight has landed.
    pub(super) fn put_back(&self, lane: Lane) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(lane);
    }
}
