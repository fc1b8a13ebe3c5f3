//! Everything that the stand-in knows, and what of it is told by webhooks.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use crate::{
    idempotency::Keys,
    ids,
    objects::{Charge, Event, Intent, Origin, Refund, Session},
    table::Table,
    webhooks::Webhooks,
};

/// The account's objects. One lock guards them all, so each call is one step that nobody sees half done.
pub(crate) struct State {
    pub(crate) intents: Table<Intent>,
    pub(crate) charges: Table<Charge>,
    pub(crate) refunds: Table<Refund>,
    pub(crate) sessions: Table<Session>,
    pub(crate) events: Table<Arc<Event>>,
    pub(crate) keys: Keys,
    /// Sessions that can still be paid, by the instant at which they expire.
    pub(crate) open_sessions: BTreeSet<(i64, String)>,
    /// The request that is at work.
    pub(crate) origin: Origin,
    /// Where the hosted pages are.
    pub(crate) url: String,
    webhooks: Arc<Webhooks>,
}

impl State {
    pub(crate) fn new(url: String, webhooks: Arc<Webhooks>) -> Self {
        Self {
            intents: Table::new(),
            charges: Table::new(),
            refunds: Table::new(),
            sessions: Table::new(),
            events: Table::new(),
            keys: Keys::default(),
            open_sessions: BTreeSet::new(),
            origin: Origin::default(),
            url,
            webhooks,
        }
    }

    /// Records that something happened to this object, and tells it.
    pub(crate) fn emit(&mut self, kind: &'static str, object: &Value) {
        let event = Arc::new(Event::new(ids::new("evt"), kind, object, &self.origin));
        self.events.insert(event.clone());
        self.webhooks.offer(event);
    }
}
