//! Groups of dead letters: one for each consumer and reason.

use std::collections::{HashMap, HashSet};

use common::{
    event::Timestamp,
    operator::{DeadLetterFilter, DeadLetterGroup},
};
use messaging::Letter;

use super::reason;

/// Reasons that are told apart; the letters of more are those of [`OTHER_REASONS`].
const MOST_GROUPS: usize = 10_000;
const OTHER_REASONS: &str = "other reasons";

/// Every group that ever had a letter, by its number.
#[derive(Debug, Default)]
pub(super) struct Groups {
    all: Vec<Group>,
    by_key: HashMap<(String, String), u32>,
}

#[derive(Debug)]
struct Group {
    id: String,
    consumer: String,
    subject: String,
    reason: String,
}

#[derive(Clone, Default)]
struct Count {
    count: u64,
    failed_again: u64,
    oldest_ms: i64,
    newest_ms: i64,
}

impl Groups {
    /// Consumer and reason of a letter, as groups have them.
    fn key(&self, letter: &Letter) -> (String, String) {
        let mut key = (letter.consumer().to_owned(), reason::normalised(letter.reason()));
        if self.all.len() >= MOST_GROUPS && !self.by_key.contains_key(&key) {
            key.1 = OTHER_REASONS.to_owned();
        }
        key
    }

    /// The number of a letter's group.
    pub(super) fn add(&mut self, letter: &Letter) -> u32 {
        let key = self.key(letter);
        if let Some(number) = self.by_key.get(&key) {
            return *number;
        }
        let number = self.all.len() as u32;
        self.all.push(Group {
            id: reason::group_id(&key.0, &key.1),
            consumer: key.0.clone(),
            subject: letter.subject().to_owned(),
            reason: key.1.clone(),
        });
        self.by_key.insert(key, number);
        number
    }

    /// The name of a letter's group.
    pub(super) fn id_of(&self, letter: &Letter) -> String {
        let (consumer, reason) = self.key(letter);
        reason::group_id(&consumer, &reason)
    }

    /// The groups that a filter takes; `None`: all.
    pub(super) fn matching(&self, filter: &DeadLetterFilter) -> Option<HashSet<u32>> {
        if filter.group.is_none() && filter.consumer.is_none() {
            return None;
        }
        let takes = |group: &Group| {
            filter.group.as_ref().is_none_or(|id| *id == group.id)
                && filter.consumer.as_ref().is_none_or(|consumer| *consumer == group.consumer)
        };
        Some((0..).zip(&self.all).filter(|(_, group)| takes(group)).map(|(number, _)| number).collect())
    }

    /// Those that have letters, the largest first. Of each letter: its group, when it was stored in ms, and whether it was
    /// replayed before.
    pub(super) fn count(&self, letters: impl Iterator<Item = (u32, i64, bool)>) -> Vec<DeadLetterGroup> {
        let mut counts = vec![Count::default(); self.all.len()];
        for (group, at_ms, replayed) in letters {
            if let Some(count) = counts.get_mut(group as usize) {
                count.add(at_ms, replayed);
            }
        }
        let counted = self.all.iter().zip(counts).filter(|(_, count)| count.count > 0);
        let mut groups: Vec<DeadLetterGroup> = counted.map(|(group, count)| count.of(group)).collect();
        groups.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.id.cmp(&other.id)));
        groups
    }
}

impl Count {
    fn add(&mut self, at_ms: i64, replayed: bool) {
        self.oldest_ms = if self.count == 0 { at_ms } else { self.oldest_ms.min(at_ms) };
        self.newest_ms = self.newest_ms.max(at_ms);
        self.count += 1;
        self.failed_again += u64::from(replayed);
    }

    fn of(&self, group: &Group) -> DeadLetterGroup {
        DeadLetterGroup {
            id: group.id.clone(),
            consumer: group.consumer.clone(),
            subject: group.subject.clone(),
            reason: group.reason.clone(),
            count: self.count,
            failed_again: self.failed_again,
            oldest_at: Timestamp::from_millis(self.oldest_ms),
            newest_at: Timestamp::from_millis(self.newest_ms),
        }
    }
}
