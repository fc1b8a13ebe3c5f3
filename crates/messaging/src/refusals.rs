//! How often a handler refused each message, and how long the next try waits.

use std::{collections::HashMap, time::Duration};

use rand::RngExt;

use super::received::Position;

/// Delay before the first retry.
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// Longest delay before a retry.
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// Messages in one generation: as many as may be delivered and unanswered at one time.
const GENERATION: usize = super::topology::MAX_ACK_PENDING as usize;

/// Counts the refusals that this process gave out for each message.
///
/// The broker's own delivery count would also count crashes, lapsed ack waits and drains, and a message is never
/// given up for those. With several replicas, or after a restart, a message may be tried more often than its limit,
/// never less.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// Another replica may answer a message that was refused here, of which nobody tells us: what was not refused
    /// again for a whole generation is forgotten.
    young: HashMap<Key, u32>,
    old: HashMap<Key, u32>,
}

/// The sequence, and the time of storing in ns: in a stream that was lost and created again, sequences begin again.
type Key = (u64, i64);

impl Refusals {
    /// Counts one more refusal and returns how many there were.
    pub(super) fn count(&mut self, position: Position) -> u32 {
        let key = key(position);
        let before = self.young.get(&key).or_else(|| self.old.get(&key)).copied().unwrap_or_default();
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, before + 1);
        before + 1
    }

    /// The message got its final answer.
    pub(super) fn forget(&mut self, position: Position) {
        if self.young.is_empty() && self.old.is_empty() {
            return;
        }
        self.young.remove(&key(position));
        self.old.remove(&key(position));
    }
}

fn key(position: Position) -> Key {
    (position.sequence, position.published_ns)
}

/// `min(30 s, 0.5 s x 2^(delivered-1))`, give or take a fifth, so that a crowd that was refused together does not
/// come back together.
pub(super) fn retry_delay(delivered: u64) -> Duration {
    let doublings = u32::try_from(delivered.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let delay = (FIRST_DELAY * 2u32.pow(doublings)).min(LONGEST_DELAY);
    delay.mul_f64(rand::rng().random_range(0.8..1.2)).min(LONGEST_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_from_half_a_second_and_stop_at_half_a_minute() {
        for (delivered, nominal_ms) in
            [(0, 500), (1, 500), (2, 1_000), (5, 8_000), (7, 30_000), (u64::MAX, 30_000)]
        {
            for _ in 0..100 {
                let delay = retry_delay(delivered);
                let nominal = Duration::from_millis(nominal_ms);
                assert!(delay >= nominal.mul_f64(0.8), "{delivered}: {delay:?}");
                assert!(delay <= nominal.mul_f64(1.2).min(LONGEST_DELAY), "{delivered}: {delay:?}");
            }
        }
    }

    fn position(sequence: u64, published_ns: i64) -> Position {
        Position { sequence, published_ns, delivered: 1, consumer_sequence: 1, pending: 0 }
    }

    #[test]
    fn refusals_are_counted_for_each_message_and_forgotten_with_it() {
        let mut refusals = Refusals::default();
        let (seven, eight) = (position(7, 1), position(8, 1));
        assert_eq!([refusals.count(seven), refusals.count(seven), refusals.count(eight)], [1, 2, 1]);
        assert_eq!(refusals.count(position(7, 2)), 1, "another message that has the sequence of a lost one");
        refusals.forget(seven);
        assert_eq!(refusals.count(seven), 1);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_ones_refused_last_are_kept() {
        let mut refusals = Refusals::default();
        let oldest = position(0, 1);
        for sequence in 1..=3 * GENERATION as u64 {
            refusals.count(position(sequence, 1));
            if sequence % 5_000 == 0 {
                refusals.count(oldest);
            }
        }
        assert!(refusals.young.len() + refusals.old.len() <= 2 * GENERATION);
        assert_eq!(refusals.count(oldest), 7, "it was refused all the time");
        refusals.forget(oldest);
        assert_eq!(refusals.count(oldest), 1);
    }
}
