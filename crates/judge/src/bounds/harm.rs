//! What a fault did, to whom, and when.

use common::Service;

/// A part of the platform that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A process of it.
    Service(Service),
    /// NATS.
    Broker,
    /// Redis.
    Redis,
    /// The Postgres of this service.
    Database(Service),
    /// The payment provider.
    Provider,
}

/// What a fault did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It was killed, stopped, cut off, slow, restarted, full or read-only.
    Away(Part),
    /// Redis lost what it had acknowledged.
    RedisLost,
    /// The broker lost what it had acknowledged of this publisher's stream.
    StreamLost(Service),
    /// The broker lost dead letters.
    LettersLost,
    /// Its clock was wrong.
    Skewed {
        /// Whose.
        part: Part,
        /// By how many ms it was ahead; below 0, behind.
        ms: i64,
    },
}

impl Effect {
    /// The broker lost what it had acknowledged of every stream.
    pub fn all_of_the_broker() -> Vec<Self> {
        Service::ON_THE_BROKER.into_iter().map(Self::StreamLost).chain([Self::LettersLost]).collect()
    }
}

/// A fault that was really in force.
#[derive(Clone, Copy, Debug)]
pub struct Harm {
    /// What it did.
    pub effect: Effect,
    /// Since when, in ms since the Unix epoch.
    pub from_ms: i64,
    /// Until when: it was lifted, and what it had hit was ready again.
    pub to_ms: i64,
}

impl Harm {
    /// By how much clocks differed.
    pub(super) fn skew_ms(&self) -> i64 {
        match self.effect {
            Effect::Skewed { ms, .. } => ms.abs(),
            _ => 0,
        }
    }

    /// Whether it can be felt where these parts do the work. What a stream lost may be missed anywhere.
    pub(super) fn hits(&self, parts: &[Part]) -> bool {
        match self.effect {
            Effect::Away(part) | Effect::Skewed { part, .. } => parts.contains(&part),
            Effect::RedisLost => parts.contains(&Part::Redis),
            Effect::StreamLost(_) => true,
            Effect::LettersLost => false,
        }
    }

    /// The schedule has to be read from the log again.
    pub(super) fn needs_a_rebuild(&self) -> bool {
        matches!(
            self.effect,
            Effect::RedisLost | Effect::StreamLost(Service::Orders) | Effect::StreamLost(Service::Expiration)
        )
    }
}
