//! What people, operators and other services do in an episode.

use std::time::Duration;

use common::event::Subject;
use serde::{Serialize, Serializer};

/// Somebody does something.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Act {
    /// After the beginning of the episode.
    pub(crate) at: Duration,
    pub(crate) deed: Deed,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) enum Deed {
    Offer(Offer),
    Edit(Edit),
    Order(Order),
    Foreign(ForeignOrder),
    Poison(Poison),
    Repeat(Repeat),
    Replay(Replay),
}

/// Somebody who buys or sells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Person {
    /// The part of the e-mail address before the `@`.
    pub(crate) name: String,
    /// The id in a session that is made up; of one who signs up `auth` chooses it.
    pub(crate) user: String,
    /// Signs up at `auth`, with retries, rather than coming with a session.
    pub(crate) signs_up: bool,
}

/// A seller puts up a ticket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Offer {
    /// Index into [`super::WorkloadPlan::people`].
    pub(crate) seller: usize,
    /// Its number among the tickets of the episode.
    pub(crate) ticket: usize,
    pub(crate) title: String,
    pub(crate) price: String,
}

/// A seller changes the title and the price of a ticket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Edit {
    /// Who has put it up.
    pub(crate) seller: usize,
    pub(crate) ticket: usize,
    pub(crate) title: String,
    pub(crate) price: String,
}

/// A buyer orders a ticket, and what comes of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Order {
    /// Index into [`super::WorkloadPlan::people`].
    pub(crate) buyer: usize,
    pub(crate) ticket: usize,
    /// Asks again when no answer comes. One who does not finds out by his list.
    pub(crate) insists: bool,
    /// Each on its own: two of the same moment race.
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Step {
    pub(crate) at: Moment,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) enum Moment {
    /// So long after the buyer was told that the order is placed.
    AfterPlaced(Duration),
    /// So many ms after the time to pay that the order had at first is over; below zero is before.
    AroundExpiry(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) enum What {
    /// With a card's token.
    Pay(Card),
    /// On the provider's page, where the buyer stays for a while.
    PayOnPage(Card, Duration),
    Cancel,
    /// An operator gives more time.
    Extend(More, Door),
    CancelByOperator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Card {
    Good,
    Declined,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) enum More {
    By(Duration),
    /// Until so long after the beginning of the episode, so that many orders are due in one millisecond.
    Until(Duration),
}

/// Through which door an operator comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Door {
    Console,
    /// Straight to `orders`, as `console` itself asks.
    Internal,
}

/// An order that a service places which is not ours: nothing but its events is ever seen of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ForeignOrder {
    pub(crate) id: String,
    pub(crate) ticket: String,
    pub(crate) user: String,
    pub(crate) price: String,
    /// After the beginning of the episode; it may be past when the order is placed.
    pub(crate) due: Duration,
    /// With the time after the beginning of the episode.
    pub(crate) steps: Vec<(Duration, ForeignStep)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) enum ForeignStep {
    /// Until so long after the beginning of the episode.
    Extend(Duration),
    Cancel,
}

/// A message that no listener can read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Poison {
    #[serde(serialize_with = "text")]
    pub(crate) subject: Subject,
    /// No two are alike.
    pub(crate) number: usize,
    pub(crate) kind: PoisonKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum PoisonKind {
    NoJson,
    /// An object that has none of the fields.
    NoFields,
    /// Fields that have other types.
    OtherTypes,
    NoUtf8,
    Blank,
    /// Nested as deep as would overflow a stack.
    Deep,
    Large,
}

impl PoisonKind {
    pub(crate) const ALL: [Self; 7] =
        [Self::NoJson, Self::NoFields, Self::OtherTypes, Self::NoUtf8, Self::Blank, Self::Deep, Self::Large];
}

/// An event that was stored is published again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Repeat {
    /// Which one of those that are known by then: the remainder by their number.
    pub(crate) which: u64,
    /// With the id that it had, and not with a new one, which the broker would store again.
    pub(crate) same_id: bool,
    pub(crate) times: usize,
}

/// An operator replays a dead letter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Replay {
    /// Which one of those that are there by then: the remainder by their number.
    pub(crate) which: u64,
    /// With the body of a good event of its subject.
    pub(crate) mended: bool,
}

fn text<S: Serializer>(subject: &Subject, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(subject.as_str())
}
