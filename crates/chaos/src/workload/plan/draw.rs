//! What a plan draws besides numbers.

use std::{ops::Range, time::Duration};

use testkit::Dice;

/// So many.
pub(super) fn count(dice: &mut Dice, range: Range<usize>) -> usize {
    dice.between(range.start as u64..range.end as u64) as usize
}

/// A part of a time, between so and so many hundredths of it.
pub(super) fn part(dice: &mut Dice, of: Duration, hundredths: Range<u32>) -> Duration {
    dice.duration(of * hundredths.start / 100..of * hundredths.end / 100)
}

/// So many ms before (below zero) or after something.
pub(super) fn around(dice: &mut Dice, range: Range<i64>) -> i64 {
    range.start.saturating_add_unsigned(dice.below(range.end.abs_diff(range.start)))
}

/// One of some, each as often as the weight beside it says.
pub(super) fn weighted<T: Copy>(dice: &mut Dice, of: &[(u64, T)]) -> T {
    let mut left = dice.below(of.iter().map(|(weight, _)| weight).sum());
    for (weight, one) in of {
        if left < *weight {
            return *one;
        }
        left -= weight;
    }
    of[0].1
}

/// 24 hex digits, as the stores of other services have their ids.
pub(super) fn object_id(dice: &mut Dice) -> String {
    format!("{:08x}{:016x}", dice.any() as u32, dice.any())
}

/// In whole cents, and written as JavaScript writes a number: without zeros at the end.
pub(super) fn price(dice: &mut Dice) -> String {
    let cents = dice.between(100..20_000);
    let text = format!("{}.{:02}", cents / 100, cents % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
