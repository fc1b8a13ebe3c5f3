//! When a piece of data arrives on a line that is slow or loses some.

use std::time::Duration;

use tokio::time::Instant;

use super::condition::Condition;
use crate::Dice;

/// TCP's shortest time until it sends again.
const RETRANSMISSION: Duration = Duration::from_millis(200);

/// One direction of one connection.
#[derive(Debug)]
pub(super) struct Line {
    /// Until then the line is taken by what was sent before.
    busy: Option<Instant>,
    /// Nothing overtakes what was sent before.
    last: Option<Instant>,
    /// Makes each line's losses its own.
    number: u64,
    pieces: u64,
}

/// How a piece of data fares.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Passage {
    /// None on a good line: at once.
    pub(super) arrives: Option<Instant>,
    pub(super) losses: u32,
}

impl Line {
    pub(super) fn new(number: u64) -> Self {
        Self { busy: None, last: None, number, pieces: 0 }
    }

    /// For a piece of so many bytes that is sent now.
    pub(super) fn send(&mut self, bytes: usize, now: Instant, condition: &Condition) -> Passage {
        self.pieces += 1;
        let mut sent = now;
        if let Some(rate) = condition.bytes_per_second {
            let takes = Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
            sent = self.busy.map_or(now, |busy| busy.max(now)) + takes;
            self.busy = Some(sent);
        }
        let losses = self.losses(condition);
        // Each further loss of the same piece doubles the time: 1, 3, 7 times the first.
        let stall = RETRANSMISSION * ((1_u32 << losses) - 1);
        let due = sent + condition.latency + stall;
        let arrives = self.last.map_or(due, |last| last.max(due));
        if arrives == now {
            return Passage { arrives: None, losses };
        }
        self.last = Some(arrives);
        Passage { arrives: Some(arrives), losses }
    }

    fn losses(&self, condition: &Condition) -> u32 {
        let Some(loss) = condition.loss else { return 0 };
        let lost = |attempt: u64| {
            let piece = loss.seed ^ self.number.rotate_left(48) ^ self.pieces.rotate_left(16) ^ attempt;
            Dice::new(piece).any().is_multiple_of(u64::from(loss.one_in))
        };
        (0..4).take_while(|attempt| lost(*attempt)).count() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::{super::condition::Loss, *};

    #[test]
    fn on_a_good_line_data_arrives_at_once() {
        let passage = Line::new(1).send(100, Instant::now(), &Condition::good(1));
        assert_eq!(passage, Passage { arrives: None, losses: 0 });
    }

    #[test]
    fn a_latency_delays_each_piece_and_does_not_add_up() {
        let slow = Condition { latency: Duration::from_millis(100), ..Condition::good(1) };
        let (mut line, now) = (Line::new(1), Instant::now());
        for _ in 0..3 {
            assert_eq!(line.send(100, now, &slow).arrives, Some(now + Duration::from_millis(100)));
        }
    }

    #[test]
    fn a_bandwidth_makes_each_piece_wait_for_those_before_it() {
        let narrow = Condition { bytes_per_second: Some(1_000), ..Condition::good(1) };
        let (mut line, now) = (Line::new(1), Instant::now());
        for piece in 1..=3 {
            let arrives = line.send(100, now, &narrow).arrives;
            assert_eq!(arrives, Some(now + Duration::from_millis(100 * piece)));
        }
    }

    #[test]
    fn what_is_lost_follows_from_the_seed_and_delays_what_comes_after_it() {
        let lossy = |seed| Condition { loss: Some(Loss { one_in: 4, seed }), ..Condition::good(1) };
        let now = Instant::now();
        let losses = |seed| {
            let mut line = Line::new(1);
            (0..1_000).map(|_| line.send(1, now, &lossy(seed)).losses).collect::<Vec<_>>()
        };
        assert_eq!(losses(7), losses(7));
        assert_ne!(losses(7), losses(8));
        let hit = losses(7).iter().filter(|losses| **losses > 0).count();
        assert!((200..300).contains(&hit), "{hit} of 1000");
        let mut line = Line::new(1);
        while line.send(1, now, &lossy(7)).losses == 0 {}
        let after = line.send(1, now, &Condition::good(1)).arrives;
        assert!(after >= Some(now + RETRANSMISSION), "{after:?}");
    }
}
