//! How often a handler refused each message, and how long the next try waits.

use std::{collections::BTreeMap, time::Duration};

use rand::RngExt;

/// Delay before the first retry.
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// Longest delay before a retry.
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// Messages remembered: as many as may be delivered and unanswered at one time.
const REMEMBERED: usize = super::topology::MAX_ACK_PENDING as usize;

/// Counts, by stream sequence, the refusals that this process gave out.
///
/// The broker's own delivery count would also count crashes, lapsed ack waits and drains, and a message is never
/// given up for those. With several replicas, or after a restart, a message may be tried more often than its limit,
/// never less.
#[derive(Debug, Default)]
pub(super) struct Refusals(BTreeMap<u64, u32>);

impl Refusals {
    /// Counts one more refusal and returns how many there were.
    pub(super) fn count(&mut self, sequence: u64) -> u32 {
        let refused = self.0.entry(sequence).or_default();
        *refused += 1;
        let refused = *refused;
        // Another replica may have answered the oldest ones, of which nobody tells us.
        if self.0.len() > REMEMBERED {
            self.0.pop_first();
        }
        refused
    }

    /// The message got its final answer.
    pub(super) fn forget(&mut self, sequence: u64) {
        self.0.remove(&sequence);
    }
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

    #[test]
    fn refusals_are_counted_for_each_message_and_forgotten_with_it() {
        let mut refusals = Refusals::default();
        assert_eq!([refusals.count(7), refusals.count(7), refusals.count(8)], [1, 2, 1]);
        refusals.forget(7);
        assert_eq!(refusals.count(7), 1);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut refusals = Refusals::default();
        for sequence in 0..3 * REMEMBERED as u64 {
            refusals.count(sequence);
        }
        assert_eq!(refusals.0.len(), REMEMBERED);
    }
}
