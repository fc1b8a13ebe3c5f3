//! What the demo knows of each order: who placed it, for which seat, and how it is meant to end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use common::{
    clock,
    event::{Id, Timestamp},
};
use judge::{Cancellation, Canceller, Extension, Known};

use super::plan::{BUYERS, Role};

/// An order that its buyer knows to be placed.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) role: Role,
    pub(super) order: Id,
    pub(super) ticket: Id,
    /// As its buyer was answered.
    pub(super) expires_at: Timestamp,
    /// When he knew, in ms since the Unix epoch.
    pub(super) placed_at_ms: i64,
    pub(super) known: Known,
    /// More time, by an operator.
    pub(super) extended: Option<Extension>,
    /// Its end, by its buyer.
    pub(super) cancelled: Option<Cancellation>,
}

impl Entry {
    /// When its timer fires.
    pub(super) fn due(&self) -> Timestamp {
        self.extended.as_ref().map_or(self.expires_at, |extension| extension.to)
    }

    pub(super) fn buyer(&self) -> &'static str {
        BUYERS[self.role.buyer]
    }
}

/// The orders placed so far. Clones are handles of the same ledger.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Id, Entry>,
    /// Seat numbers by ticket.
    seats: HashMap<Id, usize>,
}

impl Ledger {
    pub(super) fn add_seat(&self, ticket: Id, seat: usize) {
        self.inner().seats.insert(ticket, seat);
    }

    pub(super) fn add(&self, entry: Entry) {
        self.inner().entries.insert(entry.order.clone(), entry);
    }

    pub(super) fn extend(&self, order: &Id, to: Timestamp) {
        if let Some(entry) = self.inner().entries.get_mut(order) {
            let at_ms = clock::now_ms();
            entry.extended = Some(Extension { order: order.clone(), to, answered: true, at_ms });
        }
    }

    pub(super) fn cancel(&self, order: &Id) {
        if let Some(entry) = self.inner().entries.get_mut(order) {
            let (by, at_ms) = (Canceller::Buyer, clock::now_ms());
            entry.cancelled = Some(Cancellation { order: order.clone(), by, answered: true, at_ms });
        }
    }

    pub(super) fn order(&self, order: &Id) -> Option<Entry> {
        self.inner().entries.get(order).cloned()
    }

    pub(super) fn seat(&self, ticket: &Id) -> Option<usize> {
        self.inner().seats.get(ticket).copied()
    }

    /// The order with this number.
    pub(super) fn numbered(&self, number: usize) -> Option<Entry> {
        self.inner().entries.values().find(|entry| entry.role.number == number).cloned()
    }

    /// Every order, by its number.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut entries: Vec<_> = self.inner().entries.values().cloned().collect();
        entries.sort_by_key(|entry| entry.role.number);
        entries
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
