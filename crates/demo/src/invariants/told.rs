//! I5: what is committed is told, and nothing else.

use std::collections::BTreeSet;

use common::event::{Event, Id, OrderCancelled, OrderCreated};

use super::{Verdict, tickets};
use crate::facts::Facts;

/// I5: an order is cancelled if and only if its outbox row or its stored event exists; the same with created, and with
/// every version of a ticket.
pub(super) fn atomic(facts: &Facts) -> Verdict {
    let mut broken = Vec::new();
    let mut compare = |subject: &str, rows: BTreeSet<Told>, told: &BTreeSet<Told>| {
        for missing in rows.difference(told) {
            broken.push(format!(
                "order {} of ticket {}: {subject} is neither stored nor in the outbox",
                missing.order, missing.ticket
            ));
        }
        for forged in told.difference(&rows) {
            broken.push(format!(
                "order {} of ticket {}: {subject} is told, and the database knows nothing of it",
                forged.order, forged.ticket
            ));
        }
    };
    let rows = |cancelled_only: bool| {
        let rows = facts.rows.iter().filter(move |row| !cancelled_only || row.is_cancelled());
        rows.map(|row| Told { order: row.id.clone(), ticket: row.ticket_id.clone() }).collect::<BTreeSet<_>>()
    };
    let (created, cancelled) = (told::<OrderCreated>(facts), told::<OrderCancelled>(facts));
    compare(OrderCreated::SUBJECT.as_str(), rows(false), &created);
    compare(OrderCancelled::SUBJECT.as_str(), rows(true), &cancelled);
    let versions = tickets::told(facts, &mut broken);
    let compared = format!(
        "{} rows = {} order:created told; {} cancelled rows = {} order:cancelled told; {versions}",
        facts.rows.len(),
        created.len(),
        rows(true).len(),
        cancelled.len()
    );
    Verdict { invariant: "I5", claim: "committed if and only if told", compared, broken }
}

/// An order that was told of, in a stored event or in the outbox, and its ticket.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    pub(super) order: String,
    ticket: String,
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
    let waiting: Vec<E> = facts
        .outbox
        .iter()
        .filter(|row| row.subject == E::SUBJECT.as_str())
        .filter_map(|row| serde_json::from_str(&row.payload).ok())
        .collect();
    let all = E::stored(facts).iter().chain(&waiting).map(Tells::names);
    all.map(|(order, ticket)| Told { order: order.to_string(), ticket: ticket.to_string() }).collect()
}
