//! I5: what is committed is told, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use common::{
    Service,
    event::{Event, Id, OrderCancelled, OrderCreated, Subject},
};

use super::{Verdict, tickets};
use crate::facts::{Facts, OrderRow, OutboxRow};

/// I5: an order is cancelled if and only if its outbox row or its stored event exists; the same with created, and with
/// every version of a ticket. Where the stream lost events, those that were told again are enough: that nobody misses the others is I12.
pub(super) fn atomic(facts: &Facts) -> Verdict {
    let mut broken = Vec::new();
    let (created, cancelled) = (told::<OrderCreated>(facts), told::<OrderCancelled>(facts));
    let placed = facts.rows.iter().map(|row| (Told::of(row), row.created_at));
    let ended = facts.rows.iter().filter(|row| row.is_cancelled());
    let ended = ended.map(|row| (Told::of(row), row.cancelled_at.unwrap_or(row.created_at)));
    let (placed, ended): (Rows, Rows) = (placed.collect(), ended.collect());
    compare(facts, OrderCreated::SUBJECT, &placed, &created, &mut broken);
    compare(facts, OrderCancelled::SUBJECT, &ended, &cancelled, &mut broken);
    let versions = tickets::told(facts, &mut broken);
    let compared = format!(
        "{} rows = {} order:created told; {} cancelled rows = {} order:cancelled told; {versions}",
        placed.len(),
        created.len(),
        ended.len(),
        cancelled.len()
    );
    Verdict { invariant: "I5", claim: "committed if and only if told", compared, broken }
}

/// What is committed, and when it was.
type Rows = BTreeMap<Told, DateTime<Utc>>;

fn compare(facts: &Facts, subject: Subject, rows: &Rows, told: &BTreeSet<Told>, broken: &mut Vec<String>) {
    let excused = |at: &DateTime<Utc>| facts.bounds.may_be_missing(Service::Orders, at.timestamp_millis());
    for (Told { order, ticket }, _) in rows.iter().filter(|(row, at)| !told.contains(row) && !excused(at)) {
        broken
            .push(format!("order {order} of ticket {ticket}: {subject} is neither stored nor in the outbox"));
    }
    for Told { order, ticket } in told.iter().filter(|told| !rows.contains_key(told)) {
        broken.push(format!(
            "order {order} of ticket {ticket}: {subject} is told, and the database knows nothing of it"
        ));
    }
}

/// An order that was told of, in a stored event or in the outbox, and its ticket.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    pub(super) order: String,
    ticket: String,
}

impl Told {
    fn of(row: &OrderRow) -> Self {
        Self { order: row.id.clone(), ticket: row.ticket_id.clone() }
    }
}

/// Events that name an order and its ticket.
pub(super) trait Tells: Event {
    fn stored(facts: &Facts) -> &[Self];
    fn names(&self) -> (&Id, &Id);
}

impl Tells for OrderCreated {
    fn stored(facts: &Facts) -> &[Self] {
        &facts.created
    }

    fn names(&self) -> (&Id, &Id) {
        (&self.id, &self.ticket.id)
    }
}

impl Tells for OrderCancelled {
    fn stored(facts: &Facts) -> &[Self] {
        &facts.cancelled
    }

    fn names(&self) -> (&Id, &Id) {
        (&self.id, &self.ticket.id)
    }
}

pub(super) fn told<E: Tells>(facts: &Facts) -> BTreeSet<Told> {
    let waiting = OutboxRow::waiting::<E>(&facts.outbox);
    let all = E::stored(facts).iter().chain(&waiting).map(Tells::names);
    all.map(|(order, ticket)| Told { order: order.to_string(), ticket: ticket.to_string() }).collect()
}
