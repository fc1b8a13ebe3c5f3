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
        place(self.flight, subject)
    }
}

/// The place in this flight that a reply subject names, if it is one of this flight's.
fn place(flight: u64, subject: &str) -> Option<usize> {
    let (number, index) = subject.rsplit_once('.')?.1.split_once('-')?;
    (number.parse() == Ok(flight)).then(|| index.parse().ok())?
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_puback_of_an_earlier_flight_is_none_of_this_one() {
        assert_eq!(place(7, "_INBOX.a.7-0"), Some(0));
        assert_eq!(place(7, "_INBOX.a.7-499"), Some(499));
        for other in ["_INBOX.a.6-0", "_INBOX.a.77-0", "_INBOX.a.7", "_INBOX.a.7-", "_INBOX.a.7-x", "7-0"] {
            assert_eq!(place(7, other), None, "{other}");
        }
    }
}
