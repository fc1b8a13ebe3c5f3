//! The record in the making. What is asked is noted before it is sent: whoever is cut off in the middle leaves a doubt and
//! not a hole.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use common::{
    clock,
    event::{Id, Subject, Timestamp},
};
use judge::{
    Cancellation, Canceller, Doubtful, Edit, Extension, Foreign, Heard, Known, Paid, Placed, Poison, Record,
};
use messaging::check_event;

/// Names one wish.
pub(super) type Number = usize;

/// Clones are handles of the same notes.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// Of the next wish.
    number: Number,
    placed: BTreeMap<Id, Placed>,
    /// With the number of the buyer among the people.
    doubts: BTreeMap<Number, (usize, Doubtful)>,
    cancellations: BTreeMap<Number, Cancellation>,
    payments: Vec<Paid>,
    extensions: BTreeMap<Number, Extension>,
    edits: BTreeMap<Number, Edit>,
    foreign: BTreeMap<Number, Foreign>,
    poison: BTreeMap<Number, Poison>,
    replays: BTreeMap<Number, ReplayOf>,
    /// Every event that was ever seen, and by what it is known again.
    events: Vec<Kept>,
    known: HashSet<(Subject, Bytes)>,
    repeats: bool,
}

/// A dead letter that an operator has replayed, or has tried to.
#[derive(Clone, Debug)]
pub(super) struct ReplayOf {
    /// The letter's sequence among the dead letters.
    pub(super) sequence: u64,
    /// The letter's subject.
    pub(super) subject: String,
    /// With the body of a good event.
    mended: bool,
    done: Done,
}

/// Whether a replay was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    /// Its answer was lost.
    Doubtful,
    /// Its answer was lost, and the letter is gone.
    Perhaps,
    /// Its answer was lost, and the letter is there.
    Beside,
    Yes,
}

/// An event as it was seen for the first time.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) subject: Subject,
    pub(super) body: Bytes,
    pub(super) message_id: Option<String>,
    /// In ms since the Unix epoch.
    pub(super) at_ms: i64,
}

impl Notes {
    /// A buyer asks for an order.
    pub(super) fn asks_for(&self, buyer: usize, ticket: &Id) -> Number {
        let doubt = Doubtful { ticket: ticket.clone(), at_ms: clock::now_ms() };
        self.add(|inner, number| drop(inner.doubts.insert(number, (buyer, doubt))))
    }

    /// It is known what came of that.
    pub(super) fn settles(&self, number: Number) {
        self.inner().doubts.remove(&number);
    }

    /// Of a buyer of whom all orders are known there is nothing in doubt any more.
    pub(super) fn settles_all_of(&self, buyer: usize) {
        self.inner().doubts.retain(|_, (doubting, _)| *doubting != buyer);
    }

    /// A buyer knows of an order.
    pub(super) fn placed(&self, order: Id, ticket: Id, expires_at: Timestamp, known: Known) {
        let placed = Placed { order: order.clone(), ticket, expires_at, at_ms: clock::now_ms(), known };
        self.inner().placed.entry(order).or_insert(placed);
    }

    pub(super) fn begins_to_cancel(&self, order: &Id, by: Canceller) -> Number {
        let wish = Cancellation { order: order.clone(), by, answered: false, at_ms: clock::now_ms() };
        self.add(|inner, number| drop(inner.cancellations.insert(number, wish)))
    }

    pub(super) fn cancelled(&self, number: Number) {
        if let Some(wish) = self.inner().cancellations.get_mut(&number) {
            wish.answered = true;
        }
    }

    pub(super) fn does_not_cancel(&self, number: Number) {
        self.inner().cancellations.remove(&number);
    }

    pub(super) fn paid(&self, order: &Id, payment: Id) {
        self.inner().payments.push(Paid { order: order.clone(), payment, at_ms: clock::now_ms() });
    }

    pub(super) fn begins_to_extend(&self, order: &Id, to: Timestamp) -> Number {
        let wish = Extension { order: order.clone(), to, answered: false, at_ms: clock::now_ms() };
        self.add(|inner, number| drop(inner.extensions.insert(number, wish)))
    }

    pub(super) fn extended(&self, number: Number) {
        if let Some(wish) = self.inner().extensions.get_mut(&number) {
            wish.answered = true;
        }
    }

    pub(super) fn does_not_extend(&self, number: Number) {
        self.inner().extensions.remove(&number);
    }

    pub(super) fn begins_to_edit(&self, ticket: &Id) -> Number {
        let wish = Edit { ticket: ticket.clone(), answered: false, at_ms: clock::now_ms() };
        self.add(|inner, number| drop(inner.edits.insert(number, wish)))
    }

    pub(super) fn edited(&self, number: Number) {
        if let Some(wish) = self.inner().edits.get_mut(&number) {
            wish.answered = true;
        }
    }

    pub(super) fn does_not_edit(&self, number: Number) {
        self.inner().edits.remove(&number);
    }

    /// Another service begins to tell of its order.
    pub(super) fn foreign(&self, order: Id, due: Timestamp) -> Number {
        let foreign = Foreign { order, due, stored_ms: None, extended: None, cancelled_ms: None };
        self.add(|inner, number| drop(inner.foreign.insert(number, foreign)))
    }

    /// More is known of that order.
    pub(super) fn foreign_is(&self, number: Number, known: impl FnOnce(&mut Foreign)) {
        if let Some(foreign) = self.inner().foreign.get_mut(&number) {
            known(foreign);
        }
    }

    pub(super) fn poison(&self, subject: Subject, body: Bytes) -> Number {
        self.add(|inner, number| drop(inner.poison.insert(number, Poison { subject, body, stored_ms: None })))
    }

    pub(super) fn poison_is_stored(&self, number: Number, at_ms: i64) {
        if let Some(poison) = self.inner().poison.get_mut(&number) {
            poison.stored_ms = Some(at_ms);
        }
    }

    pub(super) fn begins_to_replay(&self, sequence: u64, subject: String, mended: bool) -> Number {
        let replay = ReplayOf { sequence, subject, mended, done: Done::Doubtful };
        self.add(|inner, number| drop(inner.replays.insert(number, replay)))
    }

    pub(super) fn replayed(&self, number: Number) {
        self.is_replayed(number, Done::Yes);
    }

    /// Somebody has replayed it, if not whoever was not answered.
    pub(super) fn perhaps_replayed(&self, number: Number) {
        self.is_replayed(number, Done::Perhaps);
    }

    /// Its replay may be stored, and only its deletion not be done.
    pub(super) fn perhaps_replayed_and_left(&self, number: Number) {
        self.is_replayed(number, Done::Beside);
    }

    fn is_replayed(&self, number: Number, done: Done) {
        if let Some(replay) = self.inner().replays.get_mut(&number) {
            replay.done = done;
        }
    }

    pub(super) fn does_not_replay(&self, number: Number) {
        self.inner().replays.remove(&number);
    }

    /// Replays of which nobody knows whether they were done.
    pub(super) fn doubtful_replays(&self) -> Vec<(Number, ReplayOf)> {
        let inner = self.inner();
        let doubtful = inner.replays.iter().filter(|(_, replay)| replay.done == Done::Doubtful);
        doubtful.map(|(number, replay)| (*number, replay.clone())).collect()
    }

    /// An event is seen, perhaps not for the first time. What no listener can read is none.
    pub(super) fn sees(&self, event: Kept) {
        if check_event(event.subject, &event.body).is_err() {
            return;
        }
        let mut inner = self.inner();
        if inner.known.insert((event.subject, event.body.clone())) {
            inner.events.push(event);
        }
    }

    /// One of the events seen so far: the remainder of `which` by their number.
    pub(super) fn any_event(&self, which: u64) -> Option<Kept> {
        let inner = self.inner();
        let chosen = which.checked_rem(inner.events.len() as u64)?;
        inner.events.get(chosen as usize).cloned()
    }

    /// The same of those on one subject that are about orders of ours.
    pub(super) fn event_of_ours(&self, subject: Subject, which: u64) -> Option<Kept> {
        let inner = self.inner();
        let is_ours = |event: &Kept| {
            let body = String::from_utf8_lossy(&event.body);
            !inner.foreign.values().any(|foreign| body.contains(foreign.order.as_str()))
        };
        let ours: Vec<&Kept> =
            inner.events.iter().filter(|event| event.subject == subject && is_ours(event)).collect();
        let chosen = which.checked_rem(ours.len() as u64)?;
        ours.get(chosen as usize).map(|event| (*event).clone())
    }

    /// From now on events come again that are old.
    pub(super) fn repeats(&self) {
        self.inner().repeats = true;
    }

    /// All that is known so far.
    pub(super) fn record(&self) -> Record {
        let inner = self.inner();
        Record {
            placed: inner.placed.values().cloned().collect(),
            doubtful: inner.doubts.values().map(|(_, doubt)| doubt.clone()).collect(),
            cancellations: inner.cancellations.values().cloned().collect(),
            payments: inner.payments.clone(),
            extensions: inner.extensions.values().cloned().collect(),
            edits: inner.edits.values().cloned().collect(),
            foreign: inner.foreign.values().cloned().collect(),
            poison: inner.poison.values().cloned().collect(),
            replayed: [inner.replayed(false, Done::Yes), inner.replayed(false, Done::Perhaps)].concat(),
            mended: inner.replayed(true, Done::Yes),
            perhaps_mended: inner.replayed(true, Done::Perhaps),
            perhaps_replayed: inner.replayed(false, Done::Beside),
            repeats: inner.repeats,
            heard: inner.events.iter().map(heard).collect(),
            ..Record::default()
        }
    }

    fn add(&self, add: impl FnOnce(&mut Inner, Number)) -> Number {
        let mut inner = self.inner();
        let number = inner.number;
        inner.number += 1;
        add(&mut inner, number);
        number
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The subjects of the letters that were replayed as they were, or with another body.
    fn replayed(&self, mended: bool, done: Done) -> Vec<String> {
        let all = self.replays.values().filter(|replay| replay.done == done && replay.mended == mended);
        all.map(|replay| replay.subject.clone()).collect()
    }
}

fn heard(event: &Kept) -> Heard {
    Heard { subject: event.subject, body: event.body.clone(), at_ms: event.at_ms }
}
