//! One order: everything that is known of it, asked of everybody side by side.

mod path;
mod summary;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use std::sync::Arc;

use common::{
    event::{Id, OrderStatus, Subject, Timestamp},
    internal::{OrderHistory, OrderMoney, SeatHistory, Timer},
    operator::{AuditEntry, DeadLetterBrief, DeadLetterFilter, OrderReport},
};

use crate::{
    audit::Audit,
    dead_letters::DeadLetters,
    event_times::EventTimes,
    failure::Failure,
    peers::{PeerError, Peers},
};

/// Dead letters that a report has.
const MOST_LETTERS: usize = 100;
/// Acts that a report has.
const MOST_ACTS: usize = 20;

/// Makes reports. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reporter {
    peers: Peers,
    dead_letters: Arc<DeadLetters>,
    audit: Arc<Audit>,
    event_times: EventTimes,
}

/// What was found out of an order. What is not known is left out, and `missing` says of whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) order: Option<OrderHistory>,
    pub(crate) timer: Option<Timer>,
    pub(crate) money: Option<OrderMoney>,
    pub(crate) seat: Option<SeatHistory>,
    /// When the broker stored `order:created`.
    pub(crate) told_at: Option<Timestamp>,
    /// When the broker stored what told of its end.
    pub(crate) decision_told_at: Option<Timestamp>,
    pub(crate) missing: Vec<String>,
}

impl Reporter {
    /// Reports of what these know.
    pub fn new(
        peers: Peers,
        dead_letters: Arc<DeadLetters>,
        audit: Arc<Audit>,
        event_times: EventTimes,
    ) -> Self {
        Self { peers, dead_letters, audit, event_times }
    }

    /// The report of one order, with the parts of those that answer.
    ///
    /// # Errors
    /// 404 when everybody answers and nobody knows it.
    pub async fn report(&self, id: &Id) -> Result<OrderReport, Failure> {
        let (order, timer, money, letters, acts) = tokio::join!(
            self.peers.order(id),
            self.peers.timer(id),
            self.peers.money(id),
            self.letters(id),
            self.acts(id),
        );
        let mut facts = Facts::default();
        let missing = &mut facts.missing;
        facts.order = answered(missing, order).flatten();
        facts.timer = answered(missing, timer).flatten();
        facts.money =
            answered(missing, money).filter(|money| money.expires_at.is_some() || !money.payments.is_empty());
        let (letters, acts) = (named(missing, "dead letters", letters), named(missing, "audit", acts));
        if facts.order.is_none()
            && facts.timer.is_none()
            && missing.is_empty()
            && letters.is_empty()
            && acts.is_empty()
        {
            return Err(Failure::not_found(format!(
                "Nobody knows an order {id}: it never was, or another service's timer for it has fired"
            )));
        }
        if let Some(order) = facts.order.clone() {
            self.follow(&order, &mut facts).await;
        }
        Ok(OrderReport {
            id: id.clone(),
            summary: summary::of(&facts, letters.len(), &acts),
            path: path::of(&facts),
            order: facts.order,
            timer: facts.timer,
            money: facts.money,
            seat: facts.seat,
            dead_letters: letters,
            acts,
            missing: facts.missing,
        })
    }

    /// What can only be asked for once the order is known.
    async fn follow(&self, order: &OrderHistory, facts: &mut Facts) {
        let end = match order.status {
            OrderStatus::Cancelled => order.cancelled_at.map(|at| (Subject::OrderCancelled, at)),
            OrderStatus::Complete => order.completed_at.map(|at| (Subject::OrderCompleted, at)),
            OrderStatus::Created | OrderStatus::AwaitingPayment => None,
        };
        let decision = async {
            match end {
                Some((subject, at)) => self.event_times.of(subject, &order.id, at).await,
                None => Ok(None),
            }
        };
        let (seat, told, decided) = tokio::join!(
            self.peers.seat(&order.id, &order.ticket_id),
            self.event_times.of(Subject::OrderCreated, &order.id, order.created_at),
            decision,
        );
        facts.seat = answered(&mut facts.missing, seat);
        match (told, decided) {
            (Ok(told), Ok(decided)) => (facts.told_at, facts.decision_told_at) = (told, decided),
            (told, decided) => {
                (facts.told_at, facts.decision_told_at) = (told.ok().flatten(), decided.ok().flatten());
                facts.missing.push("nats".to_owned());
            }
        }
    }

    async fn letters(&self, id: &Id) -> anyhow::Result<Vec<DeadLetterBrief>> {
        let filter = DeadLetterFilter { order: Some(id.clone()), ..DeadLetterFilter::default() };
        Ok(self.dead_letters.list(&filter, None, MOST_LETTERS).await?.letters)
    }

    async fn acts(&self, id: &Id) -> anyhow::Result<Vec<AuditEntry>> {
        self.audit.of_order(id, MOST_ACTS).await
    }
}

fn answered<T>(missing: &mut Vec<String>, answer: Result<T, PeerError>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(PeerError::Away { service, reason }) => {
            tracing::debug!("a report without {service}: {reason}");
            missing.push(service.to_string());
            None
        }
        Err(refusal) => {
            tracing::warn!("a report without a part that was refused: {refusal}");
            None
        }
    }
}

fn named<T>(missing: &mut Vec<String>, name: &str, answer: anyhow::Result<Vec<T>>) -> Vec<T> {
    answer.unwrap_or_else(|error| {
        tracing::debug!("a report without the {name}: {error:#}");
        missing.push(name.to_owned());
        Vec::new()
    })
}
