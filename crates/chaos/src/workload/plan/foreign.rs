//! Orders of services that are not ours: only the broker and the schedule know of their timers.

use std::{ops::Range, time::Duration};

use super::{
    act::{ForeignOrder, ForeignStep},
    draw::{count, object_id, part, price},
};
use testkit::Dice;

/// One order that is placed at `at` and is due then or so.
pub(super) fn one(dice: &mut Dice, at: Duration, window: Duration) -> ForeignOrder {
    // A few are due when they are placed.
    let due = if dice.one_in(12) { at } else { at + part(dice, window, 10..140) };
    order(dice, at, due)
}

/// Many that are due in the same millisecond.
pub(super) fn together(
    dice: &mut Dice,
    at: Duration,
    window: Duration,
    number: Range<usize>,
) -> Vec<ForeignOrder> {
    let due = at + part(dice, window, 20..100);
    (0..count(dice, number)).map(|_| order(dice, at, due)).collect()
}

fn order(dice: &mut Dice, at: Duration, due: Duration) -> ForeignOrder {
    let mut steps = Vec::new();
    let within = |dice: &mut Dice| dice.duration(at..due.max(at + Duration::from_millis(1)));
    match dice.below(6) {
        0 => steps.push((within(dice), ForeignStep::Cancel)),
        1 => {
            let until = due + dice.duration(Duration::from_millis(200)..Duration::from_millis(2_500));
            steps.push((within(dice), ForeignStep::Extend(until)));
        }
        _ => {}
    }
    ForeignOrder {
        id: id(dice),
        ticket: object_id(dice),
        user: object_id(dice),
        price: price(dice),
        due,
        steps,
    }
}

/// Ids of other services have other forms, and the schedule has to take them all.
fn id(dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => format!("Foreign_{}", dice.any()),
        1 => format!("{0}-{0}", object_id(dice)),
        _ => object_id(dice),
    }
}
