//! `expiration:complete`: an order's time may be over. Only Postgres knows.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use common::event::{ExpirationComplete, Id, Timestamp};
use messaging::{BatchError, Delivery, Handler, Outcome};
use metrics::counter;

use outbox::batch_error;

use super::UNKNOWN_ORDER_RETRIES;
use crate::{
    order::Expiry,
    store::{Fired, Store},
    watermark::Watermarks,
};

/// An event that is early by no more than this waits here: clocks differ by so much even in health.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Runs of the statement for one batch. Each one after the first needs a clock that stands still or a row that
/// changes hands just then.
const MOST_RUNS: u32 = 10;
/// For an order that was changing hands at every run.
const CONTENDED_DELAY: Duration = Duration::from_millis(50);

/// For an order that a payment may still be on its way for after all runs.
const HELD_DELAY: Duration = Duration::from_millis(500);

/// Cancels unpaid orders whose time is over, once the payments that came before are seen.
#[derive(Debug)]
pub struct OnExpirationComplete {
    /// The orders.
    pub store: Store,
    /// Up to when payments are seen.
    pub watermarks: Watermarks,
}

impl Handler for OnExpirationComplete {
    type Event = ExpirationComplete;

    async fn handle(&self, batch: &[Delivery<ExpirationComplete>]) -> Result<Vec<Outcome>, BatchError> {
        let mut fired: Vec<Fired> = batch.iter().map(of).collect();
        let mut answers = self.expire(&fired).await?;
        count(&answers);
        for _ in 1..MOST_RUNS {
            let Some((again, wait)) = soon(&answers) else { break };
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None if self.watermarks.moved(LONGEST_WAIT).await => {}
                None => break,
            }
            fired.retain(|fired| again.contains(&fired.order));
            let later = self.expire(&fired).await?;
            count(&later);
            answers.extend(later);
        }
        let outcome = |delivery: &Delivery<ExpirationComplete>| {
            let order = &delivery.event.order_id;
            outcome(order, answers.get(order))
        };
        Ok(batch.iter().map(outcome).collect())
    }
}

impl OnExpirationComplete {
    async fn expire(&self, fired: &[Fired]) -> Result<HashMap<Id, Expiry>, BatchError> {
        self.store.expire_fired(fired, self.watermarks.current()).await.map_err(batch_error)
    }
}

/// What is known of how it came.
fn of(delivery: &Delivery<ExpirationComplete>) -> Fired {
    let instant = |ms| Timestamp::from_millis(ms).into();
    Fired {
        order: delivery.event.order_id.clone(),
        at: instant(delivery.stored_at_ms),
        claim: delivery.claim.as_ref().map(|claim| (instant(claim.claimed_at_ms), claim.by.clone())),
    }
}

/// The orders worth asking about again, and after which wait: `None` is for the watermark to move.
fn soon(answers: &HashMap<Id, Expiry>) -> Option<(HashSet<Id>, Option<Duration>)> {
    let waits = answers.iter().filter_map(|(order, answer)| match answer {
        Expiry::Contended => Some((order.clone(), Some(Duration::ZERO))),
        Expiry::Early(remaining) if *remaining <= LONGEST_WAIT => Some((order.clone(), Some(*remaining))),
        Expiry::Waits => Some((order.clone(), None)),
        _ => None,
    });
    let (orders, waits): (HashSet<Id>, Vec<Option<Duration>>) = waits.unzip();
    // Those that only the clock holds up do not wait for payments.
    let longest = waits.iter().copied().flatten().max();
    (!orders.is_empty()).then_some((orders, longest))
}

fn count(answers: &HashMap<Id, Expiry>) {
    for answer in answers.values() {
        let answer = match answer {
            Expiry::Cancels => "cancelled",
            Expiry::Settled => "settled",
            Expiry::Early(_) => "early",
            Expiry::Waits => "waiting",
            Expiry::Contended => "contended",
            Expiry::UnknownOrder => "unknown",
        };
        counter!("orders_expirations_total", "answer" => answer).increment(1);
    }
}

fn outcome(order: &Id, answer: Option<&Expiry>) -> Outcome {
    match answer {
        Some(Expiry::Cancels | Expiry::Settled) => Outcome::Done,
        Some(Expiry::Early(remaining)) => Outcome::Postpone(*remaining),
        Some(Expiry::Waits) => Outcome::Postpone(HELD_DELAY),
        Some(Expiry::Contended) => Outcome::Postpone(CONTENDED_DELAY),
        Some(Expiry::UnknownOrder) | None => {
            Outcome::retry_at_most(UNKNOWN_ORDER_RETRIES, format!("order {order} is unknown"))
        }
    }
}
