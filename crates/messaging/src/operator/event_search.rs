//! When an event was stored, found by about when that was, with questions for single messages alone: nothing is made at the
//! broker for it.

use std::time::Duration;

use anyhow::Context as _;
use common::event::Subject;
use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join_all, stream};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use crate::StoredMessage;
use crate::{Broker, api::ask, stored::message};

/// Places that are looked at together: a million messages are searched in five questions' time.
const PROBES: u64 = 15;
/// From so few messages on they are read one after another.
const FEW: u64 = 64;
/// Messages that are asked for together.
const AT_ONCE: usize = 64;

/// Where an event may be found.
#[derive(Clone, Copy, Debug)]
pub struct EventSearch {
    /// What it was published on.
    pub subject: Subject,
    /// The search begins with what was stored at this instant, ms since the epoch: a little before the one that is expected,
    /// because clocks differ.
    pub from_ms: i64,
    /// And ends behind this one.
    pub to_ms: i64,
    /// At most so many messages of its stream are looked at from there.
    pub most: usize,
    /// And no longer than this.
    pub limit: Duration,
}

#[derive(Deserialize)]
struct Info {
    state: State,
}

#[derive(Deserialize)]
struct State {
    messages: u64,
    first_seq: u64,
    last_seq: u64,
}

impl Broker {
    /// The first event that `matches`, in the order in which they were stored: for the way of an order through the services.
    /// `None`: it is not there, or was not found in time.
    ///
    /// # Errors
    /// When the broker does not answer, or refuses.
    pub async fn find_event(
        &self,
        search: EventSearch,
        matches: impl Fn(&StoredMessage) -> bool,
    ) -> anyhow::Result<Option<StoredMessage>> {
        timeout(search.limit, self.find(search, matches)).await.unwrap_or(Ok(None))
    }

    async fn find(
        &self,
        search: EventSearch,
        matches: impl Fn(&StoredMessage) -> bool,
    ) -> anyhow::Result<Option<StoredMessage>> {
        let name = self.provisioner().topology().stream_name(search.subject.publisher());
        let info: Option<Info> = ask(self.client(), &format!("STREAM.INFO.{name}"), None).await?;
        let Some(Info { state }) = info.filter(|info| info.state.messages > 0) else { return Ok(None) };
        let begin = self.first_since(&name, search.from_ms, state.first_seq, state.last_seq).await?;
        let reading = stream::iter(begin..=state.last_seq).take(search.most);
        let mut reading = reading.map(|sequence| self.stored(&name, sequence)).buffered(AT_ONCE);
        while let Some(stored) = reading.try_next().await? {
            let Some(stored) = stored else { continue };
            if stored.stored_ns / 1_000_000 > search.to_ms {
                break;
            }
            if stored.subject == search.subject.as_str() && matches(&stored) {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }

    /// A sequence at or a little before the first message that was stored at this instant or later.
    async fn first_since(&self, name: &str, from_ms: i64, first: u64, last: u64) -> anyhow::Result<u64> {
        let (mut low, mut high) = (first, last + 1);
        while high - low > FEW {
            let step = (high - low) / (PROBES + 1);
            let places: Vec<u64> = (1..=PROBES).map(|n| low + n * step).collect();
            let found = try_join_all(places.iter().map(|place| self.stored(name, *place))).await?;
            let since = |stored: &StoredMessage| stored.stored_ns / 1_000_000 >= from_ms;
            let behind = found.iter().position(|stored| stored.as_ref().is_some_and(since));
            // What is not there any more was older than what is.
            low = behind
                .map_or(places.last(), |behind| behind.checked_sub(1).and_then(|n| places.get(n)))
                .copied()
                .unwrap_or(low);
            high = behind.and_then(|behind| places.get(behind)).copied().unwrap_or(high);
        }
        Ok(low)
    }

    async fn stored(&self, name: &str, sequence: u64) -> anyhow::Result<Option<StoredMessage>> {
        let stored = message(self.client(), name, &json!({ "seq": sequence })).await;
        stored.with_context(|| format!("read message {sequence} of {name}"))
    }
}
