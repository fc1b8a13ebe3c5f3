//! By how much a process' clock is wrong.

use testkit::Dice;

use crate::{kind::Kind, plan::Injection};

/// By how many milliseconds the clock is ahead, one after the other; negative is behind.
pub(crate) fn skews(injection: &Injection) -> Vec<i64> {
    const MOST_MS: u64 = 300_000;
    let mut dice = Dice::new(injection.salt);
    let mut ms = |ahead: bool| {
        // Small ones as often as large ones.
        let most = *dice.pick(&[2_000, 30_000, MOST_MS]);
        let ms = dice.between(1_000..most).cast_signed();
        if ahead { ms } else { -ms }
    };
    match injection.kind() {
        Kind::ClockAhead => vec![ms(true)],
        Kind::ClockBehind => vec![ms(false)],
        Kind::ClockJumps => (0..4).map(|turn| ms(turn % 2 == 0)).collect(),
        _ => Vec::new(),
    }
}
