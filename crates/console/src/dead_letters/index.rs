//! The dead letters in memory, 32 bytes each: enough to group, count and find them, and everything else is read when it is
//! shown.

use std::collections::HashSet;

use common::operator::{DeadLetterFilter, DeadLetterGroup};
use messaging::{Letter, LetterState};

use super::{groups::Groups, order};

/// The group of an entry that is gone.
const GONE: u32 = u32::MAX;
/// Entries that are gone before room is made.
const FEW: usize = 1_024;

/// Letters by their sequence.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: Vec<Entry>,
    gone: usize,
    groups: Groups,
    /// Which stream it is of, see [`LetterState`].
    created_ns: i64,
    /// The last sequence that was read.
    last: u64,
    /// How many there were when the broker was asked.
    expected: u64,
    caught_up: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    sequence: u64,
    at_ms: i64,
    order: u64,
    group: u32,
    replayed: bool,
}

/// What a filter comes to in this index.
struct Wanted {
    groups: Option<HashSet<u32>>,
    order: Option<u64>,
}

impl Wanted {
    fn takes(&self, entry: &Entry) -> bool {
        entry.group != GONE
            && self.groups.as_ref().is_none_or(|groups| groups.contains(&entry.group))
            && self.order.is_none_or(|order| order == entry.order)
    }
}

impl Index {
    /// As the broker has them now. Those of another stream are forgotten, and so are those before the first.
    pub(super) fn compare(&mut self, state: LetterState) {
        if state.created_ns != self.created_ns || state.last < self.last {
            *self = Self { created_ns: state.created_ns, ..Self::default() };
        }
        let first = if state.count == 0 { u64::MAX } else { state.first };
        let before = self.entries.partition_point(|entry| entry.sequence < first);
        self.gone -= self.entries.drain(..before).filter(|entry| entry.group == GONE).count();
        self.expected = state.count;
        self.caught_up |= self.len() >= state.count;
    }

    /// The last sequence that was read.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// How many are there and were read.
    pub(super) fn len(&self) -> u64 {
        (self.entries.len() - self.gone) as u64
    }

    /// How many there are, as far as is known.
    pub(super) fn total(&self) -> u64 {
        if self.caught_up { self.len() } else { self.expected.max(self.len()) }
    }

    /// Whether all were read that were there at the last look.
    pub(super) fn is_caught_up(&self) -> bool {
        self.caught_up
    }

    /// One more, behind all that are there.
    pub(super) fn add(&mut self, letter: &Letter) {
        self.caught_up |= letter.pending == 0;
        if letter.sequence <= self.last {
            return;
        }
        self.last = letter.sequence;
        // Half as much again, as a vector does by itself, would be more than the entries themselves.
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(self.entries.len() / 8 + FEW);
        }
        let group = self.groups.add(letter);
        self.entries.push(Entry {
            sequence: letter.sequence,
            at_ms: letter.stored_ns / 1_000_000,
            order: order::number(order::named(letter.subject(), &letter.payload).as_ref()),
            group,
            replayed: letter.replays() > 0,
        });
    }

    /// The name of the group that a letter is in.
    pub(super) fn group_id(&self, letter: &Letter) -> String {
        self.groups.id_of(letter)
    }

    /// One is gone.
    pub(super) fn remove(&mut self, sequence: u64) {
        let Ok(place) = self.entries.binary_search_by_key(&sequence, |entry| entry.sequence) else { return };
        if std::mem::replace(&mut self.entries[place].group, GONE) != GONE {
            self.gone += 1;
            self.make_room();
        }
    }

    /// Up to `last`, only these are there, in their order.
    pub(super) fn keep(&mut self, there: &[u64], last: u64) {
        let mut there = there.iter().peekable();
        for entry in self.entries.iter_mut().take_while(|entry| entry.sequence <= last) {
            while there.next_if(|sequence| **sequence < entry.sequence).is_some() {}
            let is_there = there.peek().is_some_and(|sequence| **sequence == entry.sequence);
            if !is_there && std::mem::replace(&mut entry.group, GONE) != GONE {
                self.gone += 1;
            }
        }
        self.make_room();
    }

    fn make_room(&mut self) {
        if self.gone > FEW && self.gone > self.entries.len() / 4 {
            self.entries.retain(|entry| entry.group != GONE);
            self.gone = 0;
        }
    }

    fn wanted(&self, filter: &DeadLetterFilter) -> Wanted {
        let order = filter.order.as_ref().map(|order| order::number(Some(order)));
        Wanted { groups: self.groups.matching(filter), order }
    }

    /// How many match, and the sequences of those before `after`, the newest first, at most `limit`.
    pub(super) fn list(
        &self,
        filter: &DeadLetterFilter,
        after: Option<u64>,
        limit: usize,
    ) -> (u64, Vec<u64>) {
        let wanted = self.wanted(filter);
        let (mut total, mut page) = (0, Vec::new());
        for entry in self.entries.iter().rev().filter(|entry| wanted.takes(entry)) {
            total += 1;
            if page.len() < limit && after.is_none_or(|after| entry.sequence < after) {
                page.push(entry.sequence);
            }
        }
        (total, page)
    }

    /// All that match, the oldest first, and when the newest of them was stored, in ms.
    pub(super) fn select(&self, filter: &DeadLetterFilter) -> (Vec<u64>, i64) {
        let wanted = self.wanted(filter);
        let matching = || self.entries.iter().filter(|entry| wanted.takes(entry));
        (
            matching().map(|entry| entry.sequence).collect(),
            matching().map(|entry| entry.at_ms).max().unwrap_or_default(),
        )
    }

    /// The groups that have letters, the largest first.
    pub(super) fn groups(&self) -> Vec<DeadLetterGroup> {
        let there = self.entries.iter().filter(|entry| entry.group != GONE);
        self.groups.count(there.map(|entry| (entry.group, entry.at_ms, entry.replayed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_takes_no_more_than_it_may() {
        assert!(size_of::<Entry>() <= 32, "{}", size_of::<Entry>());
    }

    fn index(sequences: impl IntoIterator<Item = u64>) -> Index {
        let entry = |sequence| Entry { sequence, at_ms: 0, order: sequence % 2, group: 0, replayed: false };
        Index { entries: sequences.into_iter().map(entry).collect(), ..Index::default() }
    }

    fn all(index: &Index) -> Vec<u64> {
        index.select(&DeadLetterFilter::default()).0
    }

    #[test]
    fn what_is_gone_is_not_listed_and_its_room_is_used_again() {
        let mut letters = index(1..=10_000);
        (1..=9_000).for_each(|sequence| letters.remove(sequence));
        letters.remove(1);
        assert_eq!((letters.len(), all(&letters).first()), (1_000, Some(&9_001)));
        assert!(letters.entries.len() < 3_000, "{}", letters.entries.len());
        let (total, page) = letters.list(&DeadLetterFilter::default(), Some(9_010), 3);
        assert_eq!((total, page), (1_000, vec![9_009, 9_008, 9_007]));
    }

    #[test]
    fn only_what_a_look_has_found_is_kept_up_to_where_it_looked() {
        let mut letters = index([1, 3, 4, 7, 9, 12]);
        letters.keep(&[2, 3, 7, 8], 9);
        assert_eq!(all(&letters), [3, 7, 12]);
    }

    #[test]
    fn another_stream_begins_anew_and_a_purged_one_loses_its_beginning() {
        let mut letters = index(1..=5);
        letters.last = 5;
        letters.compare(LetterState { created_ns: 0, count: 2, first: 4, last: 5 });
        assert_eq!(all(&letters), [4, 5]);
        letters.compare(LetterState { created_ns: 0, count: 0, first: 6, last: 5 });
        assert_eq!(all(&letters), [0; 0]);
        let mut letters = index(1..=5);
        letters.last = 5;
        letters.compare(LetterState { created_ns: 7, count: 1, first: 1, last: 1 });
        assert_eq!((all(&letters).len(), letters.last(), letters.total()), (0, 0, 1));
    }

    /// A letter, of which tests make many by its sequence.
    fn letter() -> Letter {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert(messaging::dead_letter_header::CONSUMER, "orders-expiration-complete");
        headers.insert(messaging::dead_letter_header::REASON, "the order o1 is unknown");
        let subject = "dead-letter.orders-expiration-complete.1".to_owned();
        let payload = r#"{"orderId":"o1"}"#.into();
        messaging::StoredMessage { subject, sequence: 0, stored_ns: 0, headers, payload, pending: 1 }.into()
    }

    #[test]
    fn a_million_letters_take_little_memory_and_are_grouped_and_paged_in_a_moment() {
        const MANY: u64 = 1_000_000;
        let (mut letters, mut letter) = (Index::default(), letter());
        for sequence in 1..=MANY {
            letter.sequence = sequence;
            letters.add(&letter);
        }
        let bytes = letters.entries.capacity() * size_of::<Entry>();
        assert!(bytes <= 40_000_000, "{bytes}");
        let begin = std::time::Instant::now();
        assert_eq!(letters.groups()[0].count, MANY);
        let filter = DeadLetterFilter { order: Some("o1".parse().unwrap()), ..DeadLetterFilter::default() };
        let (total, page) = letters.list(&filter, Some(500_001), 1_000);
        assert_eq!((total, page.first(), page.len()), (MANY, Some(&500_000), 1_000));
        letters.remove(500_000);
        assert_eq!(letters.list(&filter, Some(500_001), 1).1, [499_999]);
        assert!(begin.elapsed() < std::time::Duration::from_secs(2), "{:?}", begin.elapsed());
    }
}
