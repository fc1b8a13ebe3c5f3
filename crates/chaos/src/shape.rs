//! Which servers an episode runs on, and which of them a fault needs.

use serde::Serialize;

use testkit::Dice;

use crate::role::Store;

/// How many servers the broker has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Broker {
    One,
    Three,
}

/// Whether a store has a second server that can take over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Copies {
    Single,
    Pair,
}

/// Which servers Redis has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Schedule {
    Single,
    Pair,
    /// A pair whose second server takes over when Sentinel says so.
    Watched,
}

/// The servers of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Shape {
    pub(crate) nats: Broker,
    pub(crate) redis: Schedule,
    pub(crate) postgres: Copies,
    /// The store that lies on a small disk of its own, which can be filled.
    pub(crate) disk: Option<Store>,
}

/// What a fault asks of the servers; what it does not mention may be anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) nats: Option<Broker>,
    pub(crate) redis: Option<Schedule>,
    pub(crate) postgres: Option<Copies>,
    pub(crate) disk: Option<Store>,
}

impl Needs {
    /// What both ask for; none if one episode can't give it to both.
    pub(crate) fn with(self, other: Self) -> Option<Self> {
        Some(Self {
            nats: both(self.nats, other.nats)?,
            redis: both(self.redis, other.redis)?,
            postgres: both(self.postgres, other.postgres)?,
            disk: both(self.disk, other.disk)?,
        })
    }

    /// Servers that have what is asked for, and the rest by chance.
    pub(crate) fn shape(self, dice: &mut Dice) -> Shape {
        let (three, redis, postgres) = (dice.one_in(3), dice.one_in(3), dice.one_in(4));
        Shape {
            nats: self.nats.unwrap_or(if three { Broker::Three } else { Broker::One }),
            redis: self.redis.unwrap_or(if redis { Schedule::Pair } else { Schedule::Single }),
            postgres: self.postgres.unwrap_or(if postgres { Copies::Pair } else { Copies::Single }),
            disk: self.disk,
        }
    }
}

fn both<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<Option<T>> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => None,
        (one, other) => Some(one.or(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_fault_needs_another_may_forbid() {
        let three = Needs { nats: Some(Broker::Three), ..Needs::default() };
        let one = Needs { nats: Some(Broker::One), ..Needs::default() };
        let pair = Needs { redis: Some(Schedule::Pair), ..Needs::default() };
        assert_eq!(three.with(one), None);
        assert_eq!(three.with(pair), Some(Needs { redis: Some(Schedule::Pair), ..three }));
        assert_eq!(three.shape(&mut Dice::new(1)).nats, Broker::Three);
    }
}
