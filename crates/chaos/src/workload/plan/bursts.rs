//! When much happens at once, and when little does.

use std::{ops::Range, time::Duration};

use testkit::Dice;

/// Long enough for a fault to begin and be seen before the next burst.
const SHORTEST_QUIET: Duration = Duration::from_millis(1_500);
const LONGEST_QUIET: Duration = Duration::from_millis(2_600);
const SHORTEST: Duration = Duration::from_millis(600);
const LONGEST: Duration = Duration::from_millis(1_200);
/// What is begun by the last burst has to come to something within the episode.
const AFTERWARDS: Duration = Duration::from_millis(1_500);

/// One burst at least, with quiet before each and after the last.
pub(super) fn draw(dice: &mut Dice, length: Duration) -> Vec<Range<Duration>> {
    let mut bursts: Vec<Range<Duration>> = Vec::new();
    loop {
        let begin = bursts.last().map_or(Duration::ZERO, |last| last.end);
        let start = begin + dice.duration(SHORTEST_QUIET..LONGEST_QUIET);
        let end = start + dice.duration(SHORTEST..LONGEST);
        if !bursts.is_empty() && end + AFTERWARDS > length {
            return bursts;
        }
        bursts.push(start..end);
    }
}
