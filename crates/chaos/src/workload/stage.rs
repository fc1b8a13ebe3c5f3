//! What everybody in an episode has at hand, and how long they go on trying.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::Result;
use bytes::Bytes;
use common::{
    Service, clock,
    event::{Id, Subject, Timestamp},
};
use reqwest::Method;
use serde_json::Value;
use tokio::{
    sync::SetOnce,
    time::{Instant, sleep},
};

use super::{
    http::{Http, Pass, Reply},
    notes::Notes,
    people::Somebody,
    plan::WorkloadPlan,
    wire::Wire,
};
use crate::access::Access;

/// Between a request that was not answered and the same again.
const TRY_AGAIN: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Stage {
    pub(super) access: Access,
    pub(super) http: Http,
    pub(super) wire: Wire,
    pub(super) notes: Notes,
    /// When the episode began.
    pub(super) begin: Instant,
    /// The same instant in ms since the Unix epoch.
    pub(super) begin_ms: i64,
    /// Nothing begins after it.
    pub(super) end: Instant,
    /// As the plan numbers them.
    pub(super) people: Vec<Somebody>,
    /// As the plan numbers them, once they are put up.
    pub(super) tickets: Vec<SetOnce<Id>>,
    /// Of several processes one is asked after the other.
    pub(super) turns: AtomicUsize,
}

impl Stage {
    /// What this plan needs. An episode may have begun a moment ago, or be about to.
    ///
    /// # Errors
    /// Only when an address is none.
    pub(super) async fn new(
        plan: &WorkloadPlan,
        access: &Access,
        begin: Instant,
        notes: Notes,
    ) -> Result<Self> {
        let now = Instant::now();
        let [since, until] = [now.saturating_duration_since(begin), begin.saturating_duration_since(now)];
        Ok(Self {
            access: access.clone(),
            http: Http::new()?,
            wire: Wire::connect(&access.nats).await?,
            notes,
            begin,
            begin_ms: clock::now_ms() - since.as_millis() as i64 + until.as_millis() as i64,
            end: begin + plan.length,
            people: plan.people.iter().map(Somebody::new).collect(),
            tickets: (0..plan.tickets).map(|_| SetOnce::new()).collect(),
            turns: AtomicUsize::new(0),
        })
    }

    /// Waits until so long after the beginning; whether there is time left for anything to begin then.
    pub(super) async fn reaches(&self, at: Duration) -> bool {
        self.waits_for(self.begin + at).await
    }

    /// Waits until so many ms since the Unix epoch; whether there is time left for anything to begin then.
    pub(super) async fn reaches_ms(&self, at_ms: i64) -> bool {
        let left_ms = u64::try_from(at_ms - clock::now_ms()).unwrap_or_default();
        self.waits_for(Instant::now() + Duration::from_millis(left_ms)).await
    }

    async fn waits_for(&self, at: Instant) -> bool {
        if at >= self.end {
            return false;
        }
        tokio::time::sleep_until(at).await;
        true
    }

    /// The instant so long after the beginning.
    pub(super) fn instant(&self, at: Duration) -> Timestamp {
        Timestamp::from_millis(self.begin_ms.saturating_add_unsigned(at.as_millis() as u64))
    }

    /// Somebody asks one of the public APIs, once they are known there.
    pub(super) async fn asks(
        &self,
        who: &Somebody,
        method: Method,
        path: &str,
        json: Option<&Value>,
    ) -> Reply {
        let cookie = who.cookie().await;
        self.http.ask(method, &self.url(path), Pass::Cookie(cookie), json).await
    }

    /// Publishes until the broker says that it has it or the episode is over; the answer is when it said so, in ms since the
    /// Unix epoch. The id stays the same, so it is stored once.
    pub(super) async fn tells(&self, subject: Subject, message_id: &str, body: Bytes) -> Option<i64> {
        loop {
            if self.wire.publish(subject.as_str(), message_id, body.clone()).await {
                return Some(clock::now_ms());
            }
            if !self.tries_again().await {
                return None;
            }
        }
    }

    /// Asks again and again until it is known what was done, or the episode is over.
    pub(super) async fn insists<F: Future<Output = Reply>>(&self, mut ask: impl FnMut() -> F) -> Reply {
        loop {
            let reply = ask().await;
            if matches!(reply, Reply::Done(_) | Reply::Refused(_)) || !self.tries_again().await {
                return reply;
            }
        }
    }

    /// Waits a little; whether there is time left for another request.
    pub(super) async fn tries_again(&self) -> bool {
        sleep(TRY_AGAIN).await;
        Instant::now() < self.end
    }

    /// An address below the gateway.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.access.gateway)
    }

    /// An address of the process of this service whose turn it is, past the gateway.
    pub(super) fn internal_url(&self, service: Service, path: &str) -> Option<String> {
        let processes = self.access.internal.get(&service)?;
        let turn = self.turns.fetch_add(1, Ordering::Relaxed).checked_rem(processes.len())?;
        Some(format!("{}{path}", processes[turn]))
    }
}
