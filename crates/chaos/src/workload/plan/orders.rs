//! What buyers do with their orders: they pay at any moment within, around and after their time, cancel, or forget.

use std::time::Duration;

use super::{
    act::{Card, Door, Moment, More, Step, What},
    draw::{around, part, weighted},
};
use testkit::Dice;

/// How an order is meant to go on; what becomes of it is the platform's affair.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Forgotten,
    Paid,
    /// With a second card, after the first was declined.
    SecondCard,
    /// So close to the end of the time to pay that nobody knows which comes first.
    LastMoment,
    /// On a page that may be left open for longer than the order lives.
    OnPage,
    Cancelled,
    /// Paid and cancelled at the same moment.
    Raced,
    /// Paid in two tabs at the same moment.
    TwoTabs,
    /// Given more time, and paid within that, or not.
    Extended,
    CancelledByOperator,
}

const FATES: [(u64, Fate); 10] = [
    (24, Fate::Forgotten),
    (26, Fate::Paid),
    (7, Fate::SecondCard),
    (13, Fate::LastMoment),
    (7, Fate::OnPage),
    (8, Fate::Cancelled),
    (4, Fate::Raced),
    (3, Fate::TwoTabs),
    (6, Fate::Extended),
    (2, Fate::CancelledByOperator),
];

/// What follows once an order is placed that has `window` to be paid.
pub(super) fn steps(dice: &mut Dice, window: Duration) -> Vec<Step> {
    let within = Moment::AfterPlaced(part(dice, window, 3..65));
    let pay = |at, card| Step { at, what: What::Pay(card) };
    match weighted(dice, &FATES) {
        Fate::Forgotten => Vec::new(),
        Fate::Paid => vec![pay(within, Card::Good)],
        Fate::SecondCard => {
            let later = Moment::AfterPlaced(part(dice, window, 65..90));
            vec![pay(within, Card::Declined), pay(later, Card::Good)]
        }
        Fate::LastMoment => vec![pay(around_expiry(dice), Card::Good)],
        Fate::OnPage => {
            let card = if dice.one_in(4) { Card::Declined } else { Card::Good };
            vec![Step { at: within, what: What::PayOnPage(card, part(dice, window, 5..120)) }]
        }
        Fate::Cancelled => {
            let at = if dice.one_in(3) { around_expiry(dice) } else { within };
            vec![Step { at, what: What::Cancel }]
        }
        Fate::Raced => vec![pay(within, Card::Good), Step { at: within, what: What::Cancel }],
        Fate::TwoTabs => vec![pay(within, Card::Good), pay(within, Card::Good)],
        Fate::Extended => extended(dice, within, window),
        Fate::CancelledByOperator => vec![Step { at: within, what: What::CancelByOperator }],
    }
}

/// More time, mostly while there is some left, and then perhaps a payment in what was added.
fn extended(dice: &mut Dice, within: Moment, window: Duration) -> Vec<Step> {
    let at = if dice.one_in(4) { around_expiry(dice) } else { within };
    let more = More::By(part(dice, window, 40..120));
    let mut steps = vec![Step { at, what: What::Extend(more, door(dice)) }];
    if dice.one_in(2) {
        steps.push(Step { at: Moment::AroundExpiry(around(dice, 0..900)), what: What::Pay(Card::Good) });
    }
    steps
}

/// An operator makes many orders due in the same millisecond.
pub(super) fn together(dice: &mut Dice, window: Duration, due: Duration) -> Vec<Step> {
    let at = Moment::AfterPlaced(part(dice, window, 3..20));
    vec![Step { at, what: What::Extend(More::Until(due), door(dice)) }]
}

fn around_expiry(dice: &mut Dice) -> Moment {
    Moment::AroundExpiry(around(dice, -1_500..1_000))
}

fn door(dice: &mut Dice) -> Door {
    if dice.one_in(2) { Door::Console } else { Door::Internal }
}
