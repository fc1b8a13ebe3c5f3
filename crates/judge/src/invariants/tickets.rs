//! The part of I5 that is about tickets: every version in the table was told, and no other, with the same holder.

use std::collections::{BTreeMap, HashMap};

use common::{
    Service,
    event::{Id, TicketCreated, TicketUpdated},
};

use crate::facts::{Facts, OutboxRow, TicketRow};

/// Who holds a ticket, by the version that says so.
type Versions = BTreeMap<u32, Option<String>>;

/// Adds what does not hold; the answer is what was compared.
pub(super) fn told(facts: &Facts, broken: &mut Vec<String>) -> String {
    let told = versions(facts);
    let rows: HashMap<&str, &TicketRow> =
        facts.ticket_rows.iter().map(|row| (row.id.as_str(), row)).collect();
    for ticket in told.keys().filter(|ticket| !rows.contains_key(ticket.as_str())) {
        broken.push(format!("ticket {ticket} is told, and the database knows nothing of it"));
    }
    let may_miss = facts.bounds.may_miss(Service::Tickets);
    for row in &facts.ticket_rows {
        let told = told.get(&row.id).unwrap_or(const { &Versions::new() });
        if !may_miss {
            missing(row, told, broken);
        }
        compare(row, told, broken);
    }
    let in_rows: i64 = facts.ticket_rows.iter().map(|row| row.version + 1).sum();
    let in_events: usize = told.values().map(BTreeMap::len).sum();
    format!("{in_rows} versions of {} tickets = {in_events} told", facts.ticket_rows.len())
}

fn missing(TicketRow { id, version, .. }: &TicketRow, told: &Versions, broken: &mut Vec<String>) {
    for missing in (0..=*version).filter(|version| !told.keys().any(|told| i64::from(*told) == *version)) {
        broken.push(format!("version {missing} of ticket {id} is neither stored nor in the outbox"));
    }
}

fn compare(row: &TicketRow, told: &Versions, broken: &mut Vec<String>) {
    let TicketRow { id, version, order_id, .. } = row;
    for forged in told.keys().filter(|told| i64::from(**told) > *version) {
        broken.push(format!("version {forged} of ticket {id} is told, and its row is at {version}"));
    }
    let newest = told.iter().find(|(told, _)| i64::from(**told) == *version);
    if let Some((_, holder)) = newest.filter(|(_, holder)| *holder != order_id) {
        let [in_row, in_event] = [order_id, holder].map(|order| order.as_deref().unwrap_or("no order"));
        broken.push(format!(
            "version {version} of ticket {id} is held by {in_row}, and told to be by {in_event}"
        ));
    }
}

/// What is stored or waits in the outbox, by ticket.
fn versions(facts: &Facts) -> BTreeMap<String, Versions> {
    let mut told: BTreeMap<String, Versions> = BTreeMap::new();
    let mut add = |id: &Id, version: u32, holder: Option<&Id>| {
        told.entry(id.to_string()).or_default().insert(version, holder.map(Id::to_string));
    };
    for event in facts.offered.iter().chain(&OutboxRow::waiting::<TicketCreated>(&facts.ticket_outbox)) {
        add(&event.id, event.version, None);
    }
    for event in facts.tickets.iter().chain(&OutboxRow::waiting::<TicketUpdated>(&facts.ticket_outbox)) {
        add(&event.id, event.version, event.order_id.as_ref());
    }
    told
}
