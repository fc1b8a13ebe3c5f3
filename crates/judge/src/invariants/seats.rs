//! I6: a seat is freed at most once per order, exactly once if that order held it, and never while another holds it.
//! In the end it belongs to who has paid for it, by the events and in the table of `tickets` alike.

use std::collections::{BTreeMap, HashMap, HashSet};

use common::{
    Service,
    event::{Id, TicketUpdated},
};

use super::Verdict;
use crate::facts::Facts;

/// What the changes of all seats come to.
#[derive(Debug, Default)]
struct Walk<'a> {
    broken: Vec<String>,
    /// Orders that ever held a seat.
    held: HashSet<&'a str>,
    /// How often an order's seat was freed.
    freed: HashMap<&'a str, usize>,
    /// Which order holds a ticket in the end.
    holders: HashMap<&'a str, &'a str>,
    /// Changes by which no ticket changed hands and that may be a seller's: how many each ticket may still have.
    edits: HashMap<&'a str, usize>,
    /// Tickets of which the stream lost changes: what can be counted of them is too little.
    incomplete: HashSet<&'a str>,
}

pub(super) fn freed_once(facts: &Facts) -> Verdict {
    let mut seats: BTreeMap<&Id, BTreeMap<u32, &TicketUpdated>> = BTreeMap::new();
    let mut walk = Walk::default();
    for edit in &facts.record.edits {
        *walk.edits.entry(edit.ticket.as_str()).or_default() += 1;
    }
    for change in &facts.tickets {
        let known = seats.entry(&change.id).or_default().insert(change.version, change);
        if known.is_some_and(|known| known != change) {
            walk.broken.push(format!("ticket {} has two different versions {}", change.id, change.version));
        }
    }
    if facts.bounds.may_miss(Service::Tickets) {
        walk.incomplete = incomplete(facts, &seats);
    }
    for (ticket, versions) in &seats {
        walk.seat(ticket, versions);
    }
    for row in &facts.rows {
        let freed = walk.freed.get(row.id.as_str()).copied().unwrap_or_default();
        let held = walk.held.contains(row.id.as_str());
        let incomplete = walk.incomplete.contains(row.ticket_id.as_str());
        if row.is_cancelled() && !incomplete && freed != usize::from(held) {
            walk.broken.push(format!("the seat of the cancelled order {} was freed {freed} times", row.id));
        }
        if !row.is_cancelled() && freed > 0 {
            walk.broken.push(format!("the seat of order {} was freed, and it is {}", row.id, row.status));
        }
        let holder = walk.holders.get(row.ticket_id.as_str());
        if row.is_complete() && !incomplete && holder.is_none_or(|holder| *holder != row.id) {
            walk.broken.push(format!("the paid order {} does not hold its seat", row.id));
        }
    }
    held_in_the_table(facts, &mut walk.broken);
    let compared = format!(
        "{} seats, {} reservations, {} freed, {} held in the end = {} complete orders = {} holders in the table",
        seats.len(),
        walk.held.len(),
        walk.freed.values().sum::<usize>(),
        walk.holders.len(),
        facts.rows.iter().filter(|row| row.is_complete()).count(),
        facts.ticket_rows.iter().filter(|row| row.order_id.is_some()).count()
    );
    Verdict { invariant: "I6", claim: "a seat is freed once, by its holder", compared, broken: walk.broken }
}

/// Tickets with fewer changes than the table has versions; the table is judged all the same.
fn incomplete<'a>(
    facts: &'a Facts,
    seats: &BTreeMap<&'a Id, BTreeMap<u32, &TicketUpdated>>,
) -> HashSet<&'a str> {
    let told =
        |ticket: &str| seats.iter().find(|(id, _)| id.as_str() == ticket).map_or(0, |(_, all)| all.len());
    let rows = facts.ticket_rows.iter().filter(|row| usize::try_from(row.version) != Ok(told(&row.id)));
    rows.map(|row| row.id.as_str()).collect()
}

/// When everything is over a seat is held by the complete order of it, or by none.
fn held_in_the_table(facts: &Facts, broken: &mut Vec<String>) {
    let complete: HashMap<&str, &str> = facts
        .rows
        .iter()
        .filter(|row| row.is_complete())
        .map(|row| (row.ticket_id.as_str(), row.id.as_str()))
        .collect();
    for row in &facts.ticket_rows {
        let (holder, owner) = (row.order_id.as_deref(), complete.get(row.id.as_str()).copied());
        if holder != owner {
            let [holder, owner] = [holder, owner].map(|order| order.unwrap_or("no order"));
            broken
                .push(format!("ticket {} is held by {holder} in the table, and {owner} is complete", row.id));
        }
    }
}

impl<'a> Walk<'a> {
    fn seat(&mut self, ticket: &'a Id, versions: &BTreeMap<u32, &'a TicketUpdated>) {
        let incomplete = self.incomplete.contains(ticket.as_str());
        let mut holder: Option<&'a str> = None;
        for (expected, (version, change)) in (1..).zip(versions) {
            if incomplete {
                self.held.extend(change.order_id.as_ref().map(Id::as_str));
                holder = change.order_id.as_ref().map(Id::as_str);
                continue;
            }
            if expected != *version {
                self.broken.push(format!("ticket {ticket} has no version {expected}"));
                return;
            }
            let next = change.order_id.as_ref().map(Id::as_str);
            match (holder, next) {
                (Some(old), Some(new)) if old != new => {
                    self.broken.push(format!("ticket {ticket} went to {new} while {old} held it"));
                }
                (Some(old), None) => *self.freed.entry(old).or_default() += 1,
                (None, None) if self.is_an_edit(ticket.as_str()) => {}
                (None, None) => self.broken.push(format!("ticket {ticket} was freed while nobody held it")),
                (_, Some(_)) => {}
            }
            self.held.extend(next);
            holder = next;
        }
        if let Some(holder) = holder {
            self.holders.insert(ticket.as_str(), holder);
        }
    }

    /// Whether a seller made a change of this ticket that is not accounted for yet.
    fn is_an_edit(&mut self, ticket: &str) -> bool {
        self.edits.get_mut(ticket).is_some_and(|left| {
            let is_one = *left > 0;
            *left -= usize::from(is_one);
            is_one
        })
    }
}
