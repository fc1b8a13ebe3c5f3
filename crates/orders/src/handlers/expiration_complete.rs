//! `expiration:complete`: an order's time may be over. Only Postgres knows.

use std::{collections::HashMap, time::Duration};

use common::event::{ExpirationComplete, Id};
use messaging::{BatchError, Delivery, Handler, Outcome};
use metrics::counter;

use outbox::batch_error;

use super::UNKNOWN_ORDER_RETRIES;
use crate::{order::Expiry, store::Store};

/// An event that is early by no more than this waits here: clocks differ by so much even in health.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Runs of the statement for one batch. Each one after the first needs a clock that stands still or a row that
/// changes hands just then.
const MOST_RUNS: u32 = 10;
/// For an order that was changing hands at every run.
const CONTENDED_DELAY: Duration = Duration::from_millis(50);

/// Cancels unpaid orders whose time is over.
#[derive(Debug)]
pub struct OnExpirationComplete(pub Store);

impl Handler for OnExpirationComplete {
    type Event = ExpirationComplete;

    async fn handle(&self, batch: &[Delivery<ExpirationComplete>]) -> Result<Vec<Outcome>, BatchError> {
        let orders: Vec<Id> = batch.iter().map(|delivery| delivery.event.order_id.clone()).collect();
        let mut answers = self.0.expire(&orders).await.map_err(batch_error)?;
        count(&answers);
        for _ in 1..MOST_RUNS {
            let Some((again, wait)) = soon(&answers) else { break };
            tokio::time::sleep(wait).await;
            let later = self.0.expire(&again).await.map_err(batch_error)?;
            count(&later);
            answers.extend(later);
        }
        Ok(orders.iter().map(|order| outcome(order, answers.get(order))).collect())
    }
}

/// The orders worth asking about again, and after which wait.
fn soon(answers: &HashMap<Id, Expiry>) -> Option<(Vec<Id>, Duration)> {
    let waits = answers.iter().filter_map(|(order, answer)| match answer {
        Expiry::Contended => Some((order.clone(), Duration::ZERO)),
        Expiry::Early(remaining) if *remaining <= LONGEST_WAIT => Some((order.clone(), *remaining)),
        _ => None,
    });
    let (orders, waits): (Vec<Id>, Vec<Duration>) = waits.unzip();
    waits.into_iter().max().map(|longest| (orders, longest))
}

fn count(answers: &HashMap<Id, Expiry>) {
    for answer in answers.values() {
        let answer = match answer {
            Expiry::Cancels => "cancelled",
            Expiry::Settled => "settled",
            Expiry::Early(_) => "early",
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
        Some(Expiry::Contended) => Outcome::Postpone(CONTENDED_DELAY),
        Some(Expiry::UnknownOrder) | None => {
            Outcome::retry_at_most(UNKNOWN_ORDER_RETRIES, format!("order {order} is unknown"))
        }
    }
}
