//! News of tickets: gathered into updates that all pages share, the latest of which are kept for pages that come late.
//!
//! A place in them is an instant in Unix milliseconds. So a page can name the instant at which what it shows was read, and
//! go on at any replica: what it is told twice does no harm.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use common::{clock, event::Id};
use tokio::sync::watch;

use super::news::{TicketNews, reset, tickets};

/// Tickets in one update. More of them wait for the next one: the newest state of each is never lost.
const LONGEST_UPDATE: usize = 256;
/// What waits beyond this is told by one word: everything.
const MOST_WAITING: usize = 20_000;
/// Updates that are kept: at four a second the last minute, in a quiet shop far more.
const KEPT_UPDATES: usize = 256;
const KEPT_BYTES: usize = 4 << 20;
/// Clocks of two replicas may differ by this.
const SKEW_MS: u64 = 2_000;

/// What has to be told of tickets, in order of arrival, each ticket once.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    order: VecDeque<Id>,
    news: HashMap<Id, TicketNews>,
}

impl Waiting {
    /// False if there is no more room.
    pub(super) fn add(&mut self, ticket: TicketNews) -> bool {
        if let Some(waiting) = self.news.get_mut(&ticket.id) {
            waiting.merge(ticket);
            return true;
        }
        if self.order.len() >= MOST_WAITING {
            return false;
        }
        self.order.push_back(ticket.id.clone());
        self.news.insert(ticket.id.clone(), ticket);
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn take(&mut self) -> Vec<TicketNews> {
        let count = self.order.len().min(LONGEST_UPDATE);
        self.order.drain(..count).filter_map(|id| self.news.remove(&id)).collect()
    }
}

/// The latest updates, and the pages that wait for the next one.
#[derive(Debug)]
pub(super) struct Updates {
    kept: Mutex<Kept>,
    /// The place of the last one; [`CLOSED`] once there will be none.
    last: watch::Sender<u64>,
}

const CLOSED: u64 = u64::MAX;

#[derive(Debug)]
struct Kept {
    updates: VecDeque<(u64, Bytes)>,
    bytes: usize,
    /// From this place on nothing is missing.
    since: u64,
    /// The last place that was given: no two are the same.
    last: u64,
}

/// What comes behind a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The next update, and its place.
    Update(u64, Bytes),
    /// Nobody knows what is missing; the place from which on somebody does.
    Unknown(u64),
    /// Nothing yet.
    Nothing,
}

impl Updates {
    pub(super) fn new() -> Self {
        let now = now_ms();
        let kept = Kept { updates: VecDeque::new(), bytes: 0, since: now, last: now };
        Self { kept: Mutex::new(kept), last: watch::Sender::new(now) }
    }

    /// Tells all pages a part of what waits.
    pub(super) fn tell(&self, waiting: &mut Waiting) {
        let news = waiting.take();
        let mut kept = locked(&self.kept);
        let place = kept.next_place();
        kept.keep(place, tickets(&news, place));
        self.last.send_replace(place);
    }

    /// Something was missed: every page loads again.
    pub(super) fn forget(&self) {
        let mut kept = locked(&self.kept);
        kept.since = kept.next_place();
        (kept.updates, kept.bytes) = (VecDeque::new(), 0);
        self.last.send_replace(kept.last);
    }

    /// Ends the streams of all pages.
    pub(super) fn close(&self) {
        self.last.send_replace(CLOSED);
    }

    /// What a page goes on from that has read what it shows at `read_ms`, or now.
    pub(super) fn enter(&self, read_ms: Option<u64>) -> Reader {
        let kept = locked(&self.kept);
        let place = match read_ms {
            None => kept.last,
            // Out of date: it is told so.
            Some(read) if read < kept.since => read,
            Some(read) => read.saturating_sub(SKEW_MS).max(kept.since),
        };
        Reader { place, last: self.last.subscribe() }
    }

    pub(super) fn after(&self, place: u64) -> After {
        let kept = locked(&self.kept);
        if place < kept.since {
            return After::Unknown(kept.since);
        }
        let next = kept.updates.partition_point(|(at, _)| *at <= place);
        kept.updates.get(next).map_or(After::Nothing, |(at, text)| After::Update(*at, text.clone()))
    }
}

impl Kept {
    fn next_place(&mut self) -> u64 {
        self.last = now_ms().max(self.last + 1);
        self.last
    }

    fn keep(&mut self, place: u64, update: Bytes) {
        self.bytes += update.len();
        self.updates.push_back((place, update));
        while self.updates.len() > KEPT_UPDATES || self.bytes > KEPT_BYTES {
            let Some((at, oldest)) = self.updates.pop_front() else { return };
            (self.bytes, self.since) = (self.bytes - oldest.len(), at);
        }
    }
}

/// A page's place in the updates.
#[derive(Debug)]
pub(super) struct Reader {
    place: u64,
    last: watch::Receiver<u64>,
}

impl Reader {
    /// The next text to send, and whether it says that something is missing; none when there will be no more. Dropped
    /// half-way, nothing is lost.
    pub(super) async fn next(&mut self, updates: &Updates) -> Option<(Bytes, bool)> {
        loop {
            if *self.last.borrow_and_update() == CLOSED {
                return None;
            }
            match updates.after(self.place) {
                After::Update(place, text) => {
                    self.place = place;
                    return Some((text, false));
                }
                After::Unknown(since) => {
                    self.place = since;
                    return Some((reset(since), true));
                }
                After::Nothing => self.last.changed().await.ok()?,
            }
        }
    }
}

fn now_ms() -> u64 {
    clock::now_ms().unsigned_abs()
}

/// Nothing that holds this lock can panic half-way through a change.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::super::news::TicketState;
    use super::*;

    fn ticket(number: u32, version: u32) -> TicketNews {
        TicketNews {
            id: format!("t{number}").parse().unwrap(),
            state: TicketState::Free,
            title: "Opera".to_owned(),
            price: "20".parse().unwrap(),
            version,
        }
    }

    fn told(updates: &Updates, tickets: impl IntoIterator<Item = TicketNews>) {
        let mut waiting = Waiting::default();
        for ticket in tickets {
            assert!(waiting.add(ticket));
        }
        while !waiting.is_empty() {
            updates.tell(&mut waiting);
        }
    }

    /// What a page gets that asks no more than it has to wait.
    fn read(reader: &mut Reader, updates: &Updates) -> Vec<String> {
        let next = || reader.next(updates).now_or_never().flatten();
        std::iter::from_fn(next).map(|(text, _)| String::from_utf8(text.to_vec()).unwrap()).collect()
    }

    #[test]
    fn of_many_changes_of_one_ticket_a_page_is_told_the_last() {
        let updates = Updates::new();
        let mut page = updates.enter(None);
        told(&updates, (0..100).map(|version| ticket(1, version)).chain([ticket(2, 0)]));
        let [update] = &read(&mut page, &updates)[..] else { panic!("not one") };
        assert_eq!(update.matches("event: ticket").count(), 2, "{update}");
        assert!(update.contains("\"version\":99"), "{update}");
    }

    #[test]
    fn many_tickets_come_in_several_updates_and_none_is_left_out() {
        let updates = Updates::new();
        let mut page = updates.enter(None);
        told(&updates, (0..1_000).map(|number| ticket(number, 0)));
        let told = read(&mut page, &updates);
        assert_eq!(told.len(), 4);
        let all = told.concat();
        assert!((0..1_000).all(|number| all.contains(&format!("\"t{number}\""))));
    }

    #[test]
    fn a_page_is_told_what_has_changed_since_what_it_shows_was_read() {
        let updates = Updates::new();
        let read_ms = now_ms();
        told(&updates, [ticket(1, 0)]);
        let mut page = updates.enter(Some(read_ms));
        assert!(read(&mut page, &updates)[0].contains("\"t1\""));
        assert!(read(&mut updates.enter(None), &updates).is_empty());
    }

    #[test]
    fn a_page_that_is_too_old_or_too_slow_loads_again_and_then_goes_on() {
        let updates = Updates::new();
        let mut old = updates.enter(Some(now_ms() - 60_000));
        let mut slow = updates.enter(None);
        for version in 0..300 {
            told(&updates, [ticket(1, version)]);
        }
        for page in [&mut old, &mut slow] {
            let told = read(page, &updates);
            assert!(told[0].starts_with("event: reset\nid: "), "{}", told[0]);
            assert_eq!(told.len(), 1 + KEPT_UPDATES);
            assert!(told.last().unwrap().contains("\"version\":299"));
        }
    }

    #[test]
    fn after_a_gap_every_page_loads_again_once_and_the_loaded_page_goes_on() {
        let updates = Updates::new();
        told(&updates, [ticket(1, 0)]);
        let mut page = updates.enter(None);
        updates.forget();
        assert!(read(&mut page, &updates)[0].starts_with("event: reset"));
        assert!(read(&mut page, &updates).is_empty());
        let mut loaded = updates.enter(Some(now_ms() + 10));
        assert!(read(&mut loaded, &updates).is_empty());
        told(&updates, [ticket(2, 0)]);
        assert_eq!(read(&mut page, &updates).len(), 1);
    }

    #[test]
    fn there_is_an_end_to_what_waits_and_to_what_is_kept() {
        let mut waiting = Waiting::default();
        assert!((0..20_000).all(|number| waiting.add(ticket(number, 0))));
        assert!(!waiting.add(ticket(20_000, 0)));
        assert!(waiting.add(ticket(7, 1)), "what waits already may change");
        let updates = Updates::new();
        while !waiting.is_empty() {
            updates.tell(&mut waiting);
        }
        assert!(locked(&updates.kept).bytes <= KEPT_BYTES);
        updates.close();
        assert_eq!(updates.enter(None).next(&updates).now_or_never(), Some(None));
    }
}
