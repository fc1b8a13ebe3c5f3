//! The place of a message in a stream, told so that it is found again in this stream and in no other.
//!
//! A sequence alone does not: a stream that lost its newest messages (a restore, a power cut) or was made anew gives the same
//! sequences to other messages. With the instant at which the message was stored, and that at which the stream was made, it does.
//! A loss takes the newest messages or all of them, so a stream that still has a message has everything before it, too.

use std::time::Duration;

use async_nats::{HeaderMap, header::NATS_MESSAGE_ID};
use chrono::{DateTime, Utc};
use common::{Service, event::Subject};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Broker, StoredMessage, api::ask, stored};

/// Where a message stands. With sequence 0: before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// When the stream was made, in ns since the epoch.
    pub created_ns: i64,
    /// The message's sequence in the stream.
    pub sequence: u64,
    /// When the broker stored the message, in ns since the epoch.
    pub stored_ns: i64,
}

/// What a stream has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamState {
    /// When it was made, in ns since the epoch.
    pub created_ns: i64,
    /// The sequence of the oldest message that is there; behind the last one if none is.
    pub first_sequence: u64,
    /// The sequence of the newest message that it ever had; 0 before the first.
    pub last_sequence: u64,
    /// When that one was stored, in ns since the epoch; 0 before the first.
    pub last_stored_ns: i64,
    /// How long a message stays; `None`: for ever.
    pub max_age: Option<Duration>,
}

impl StreamState {
    /// Where its newest message stands.
    pub fn last_place(&self) -> Place {
        Place { created_ns: self.created_ns, sequence: self.last_sequence, stored_ns: self.last_stored_ns }
    }
}

#[derive(Deserialize)]
struct Info {
    created: DateTime<Utc>,
    config: Config,
    state: State,
}

#[derive(Deserialize)]
struct Config {
    /// In ns; 0 is without limit.
    #[serde(default)]
    max_age: u64,
}

#[derive(Deserialize)]
struct State {
    first_seq: u64,
    last_seq: u64,
    last_ts: DateTime<Utc>,
}

impl From<Info> for StreamState {
    fn from(Info { created, config, state }: Info) -> Self {
        Self {
            created_ns: ns(created),
            first_sequence: state.first_seq,
            last_sequence: state.last_seq,
            last_stored_ns: if state.last_seq == 0 { 0 } else { ns(state.last_ts) },
            max_age: Some(Duration::from_nanos(config.max_age)).filter(|age| !age.is_zero()),
        }
    }
}

/// 0 for what no clock shows, such as the instant of the last message of a stream that had none.
fn ns(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_nanos_opt().unwrap_or_default()
}

impl Broker {
    /// What the stream of a publisher has; `None`: there is no such stream. Asked each time, because a stream may be made anew
    /// at any.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn stream_state(&self, publisher: Service) -> anyhow::Result<Option<StreamState>> {
        let stream = self.topology().stream_name(publisher);
        let info: Option<Info> = ask(self.client(), &format!("STREAM.INFO.{stream}"), None).await?;
        Ok(info.map(Into::into))
    }

    /// Where the newest message of a publisher stands; `None`: there is no such stream. What was stored before this was asked is
    /// at or before it.
    ///
    /// # Errors
    /// As [`Self::stream_state`].
    pub async fn last_place(&self, publisher: Service) -> anyhow::Result<Option<Place>> {
        Ok(self.stream_state(publisher).await?.map(|state| state.last_place()))
    }

    /// The place of the message with this sequence; `None`: there is no such stream, or it does not have one.
    ///
    /// # Errors
    /// As [`Self::stream_state`].
    pub async fn place_at(&self, publisher: Service, sequence: u64) -> anyhow::Result<Option<Place>> {
        // Before and behind the message the same stream: then it is this stream's.
        let Some(before) = self.stream_state(publisher).await? else { return Ok(None) };
        if sequence == before.last_sequence {
            return Ok(Some(before.last_place()));
        }
        let Some(stored_ns) = self.stored_ns(publisher, sequence).await? else { return Ok(None) };
        let behind = self.stream_state(publisher).await?;
        let same = behind.filter(|behind| behind.created_ns == before.created_ns);
        Ok(same.map(|stream| Place { created_ns: stream.created_ns, sequence, stored_ns }))
    }

    /// Whether the stream of a publisher still has everything up to this place. What fell out of its retention counts as there;
    /// a message that somebody deleted by hand does not, because a stream that lost some in the middle looks the same.
    ///
    /// # Errors
    /// As [`Self::stream_state`].
    pub async fn still_has(&self, publisher: Service, place: Place) -> anyhow::Result<bool> {
        let Some(state) = self.stream_state(publisher).await? else { return Ok(false) };
        if let Some(answer) = of_state(&state, place) {
            return Ok(answer);
        }
        if let Some(stored_ns) = self.stored_ns(publisher, place.sequence).await? {
            return Ok(stored_ns == place.stored_ns);
        }
        // It may have fallen out of the retention just now.
        let state = self.stream_state(publisher).await?;
        Ok(state.and_then(|state| of_state(&state, place)).unwrap_or_default())
    }

    /// The place of the event to which a PubAck gave this sequence, by its id; `None`: the stream does not have it, or another
    /// message stands there, because the stream lost it and has grown again since. Of an event that fell out of the retention at
    /// once nobody can tell when it was stored: 0.
    ///
    /// # Errors
    /// As [`Self::stream_state`].
    pub async fn place_of(
        &self,
        publisher: Service,
        sequence: u64,
        message_id: &str,
    ) -> anyhow::Result<Option<Place>> {
        // If they are answered of two streams, the place is in neither, which is found soon.
        let (state, found) = tokio::try_join!(
            self.stream_state(publisher),
            self.message(publisher, json!({ "seq": sequence }))
        )?;
        let Some(state) = state else { return Ok(None) };
        let stored_ns = match found {
            Some(found) if has_id(&found.headers, message_id) => Some(found.stored_ns),
            None if sequence < state.first_sequence && sequence <= state.last_sequence => Some(0),
            _ => None,
        };
        Ok(stored_ns.map(|stored_ns| Place { created_ns: state.created_ns, sequence, stored_ns }))
    }

    /// The sequence of the last event of a subject, and when it was stored; `None`: there is none.
    pub(super) async fn last_event(&self, subject: Subject) -> anyhow::Result<Option<(u64, i64)>> {
        let found = self.message(subject.publisher(), json!({ "last_by_subj": subject.as_str() })).await?;
        Ok(found.map(|found| (found.sequence, found.stored_ns)))
    }

    async fn stored_ns(&self, publisher: Service, sequence: u64) -> anyhow::Result<Option<i64>> {
        let found = self.message(publisher, json!({ "seq": sequence })).await?;
        Ok(found.map(|found| found.stored_ns))
    }

    async fn message(&self, publisher: Service, which: Value) -> anyhow::Result<Option<StoredMessage>> {
        stored::message(self.client(), &self.topology().stream_name(publisher), &which).await
    }
}

fn has_id(headers: &HeaderMap, message_id: &str) -> bool {
    headers.get_all(NATS_MESSAGE_ID).any(|id| id.as_str() == message_id)
}

/// Whether a stream has a place, as far as its state tells; `None`: the message itself has to be looked at.
fn of_state(state: &StreamState, place: Place) -> Option<bool> {
    if state.created_ns != place.created_ns || state.last_sequence < place.sequence {
        return Some(false);
    }
    // Of a stream that never had a message the first sequence is 0 as well.
    (place.sequence == 0 || place.sequence < state.first_sequence).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: StreamState = StreamState {
        created_ns: 1,
        first_sequence: 10,
        last_sequence: 20,
        last_stored_ns: 99,
        max_age: None,
    };

    fn place(created_ns: i64, sequence: u64) -> Place {
        Place { created_ns, sequence, stored_ns: 5 }
    }

    #[test]
    fn a_stream_made_anew_or_shorter_has_lost_the_place_and_what_fell_out_is_there() {
        assert_eq!(of_state(&STATE, place(2, 5)), Some(false));
        assert_eq!(of_state(&STATE, place(1, 21)), Some(false));
        assert_eq!(of_state(&STATE, place(1, 9)), Some(true));
        assert_eq!(of_state(&STATE, place(1, 10)), None);
        assert_eq!(of_state(&STATE, place(1, 20)), None);
    }

    #[test]
    fn before_the_first_message_of_a_stream_is_a_place_of_it() {
        let empty = StreamState { first_sequence: 0, last_sequence: 0, last_stored_ns: 0, ..STATE };
        assert_eq!(of_state(&empty, empty.last_place()), Some(true));
        let all_expired = StreamState { first_sequence: 21, ..STATE };
        assert_eq!(of_state(&all_expired, all_expired.last_place()), Some(true));
        assert_eq!(of_state(&STATE, empty.last_place()), Some(true));
    }

    #[test]
    fn a_message_is_known_by_its_whole_id() {
        let mut headers = HeaderMap::new();
        assert!(!has_id(&headers, "17"));
        headers.insert(NATS_MESSAGE_ID, "17");
        assert!(has_id(&headers, "17"));
        assert!(!has_id(&headers, "1"));
    }
}
