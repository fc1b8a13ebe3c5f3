//! Handlers that do what a test tells them and remember what they saw.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use common::event::ExpirationComplete;
use futures_util::future::BoxFuture;
use messaging::{BatchError, Delivery, Handler, Outcome};
use tokio::sync::Semaphore;

pub(crate) type Answer = Result<Vec<Outcome>, BatchError>;
pub(crate) type Deliveries = Vec<Delivery<ExpirationComplete>>;
type Script = dyn Fn(Deliveries) -> BoxFuture<'static, Answer> + Send + Sync;

/// Every delivery that a handler was called with, in the order of the calls. Clones share one memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    calls: usize,
    /// When, which order, and the broker's own count of deliveries.
    deliveries: Vec<(Instant, String, u64)>,
}

impl Seen {
    fn note(&self, batch: &[Delivery<ExpirationComplete>]) {
        let mut memory = self.0.lock().unwrap();
        memory.calls += 1;
        let deliveries = batch.iter().map(|each| (Instant::now(), order(each).to_owned(), each.delivered));
        memory.deliveries.extend(deliveries);
    }

    /// How often each order was seen.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (_, order, _) in &self.0.lock().unwrap().deliveries {
            *counts.entry(order.clone()).or_default() += 1;
        }
        counts
    }

    pub(crate) fn count(&self, order: &str) -> usize {
        self.counts().get(order).copied().unwrap_or_default()
    }

    /// Every delivery of every order.
    pub(crate) fn total(&self) -> usize {
        self.0.lock().unwrap().deliveries.len()
    }

    /// How often the handler was called.
    pub(crate) fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    /// Times between one call for an order and the next.
    pub(crate) fn gaps(&self, order: &str) -> Vec<Duration> {
        let seen = &self.0.lock().unwrap().deliveries;
        let times: Vec<_> = seen.iter().filter(|(_, seen, _)| seen == order).map(|(at, ..)| *at).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// The broker's own count of deliveries, as each call for an order had it.
    pub(crate) fn delivered(&self, order: &str) -> Vec<u64> {
        let seen = &self.0.lock().unwrap().deliveries;
        seen.iter().filter(|(_, seen, _)| seen == order).map(|(.., delivered)| *delivered).collect()
    }
}

/// A handler of `expiration:complete`, as `orders` has one.
pub(crate) struct Scripted {
    script: Box<Script>,
    seen: Seen,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").finish_non_exhaustive()
    }
}

impl Handler for Scripted {
    type Event = ExpirationComplete;

    async fn handle(&self, batch: &[Delivery<ExpirationComplete>]) -> Answer {
        self.seen.note(batch);
        (self.script)(batch.to_vec()).await
    }
}

/// Answers a whole batch.
pub(crate) fn batches(
    seen: &Seen,
    script: impl Fn(Deliveries) -> BoxFuture<'static, Answer> + Send + Sync + 'static,
) -> Scripted {
    Scripted { script: Box::new(script), seen: seen.clone() }
}

/// Answers each event for itself, at once.
pub(crate) fn each(seen: &Seen, outcome: impl Fn(&str, u64) -> Outcome + Send + Sync + 'static) -> Scripted {
    batches(seen, move |batch| {
        let outcomes = batch.iter().map(|each| outcome(order(each), each.delivered)).collect();
        Box::pin(async move { Ok(outcomes) })
    })
}

/// Is content with everything.
pub(crate) fn content(seen: &Seen) -> Scripted {
    each(seen, |_, _| Outcome::Done)
}

/// All done.
pub(crate) fn done(batch: &Deliveries) -> Answer {
    Ok(vec![Outcome::Done; batch.len()])
}

pub(crate) fn order(delivery: &Delivery<ExpirationComplete>) -> &str {
    delivery.event.order_id.as_str()
}

/// Works on a batch only when the gate lets it.
pub(crate) fn gated(seen: &Seen, gate: &Arc<Semaphore>) -> Scripted {
    let gate = Arc::clone(gate);
    batches(seen, move |batch| {
        let gate = Arc::clone(&gate);
        Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            done(&batch)
        })
    })
}
