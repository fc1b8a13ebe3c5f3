//! Faults on demand: what can go wrong between a client and Stripe, before and after a call had its effect.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::calls::Call;

/// How a call goes wrong. *Before*: nothing was done. *After*: it was done, and the client isn't told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Status 500, nothing done; kept under the idempotency key, so the same key gets it again.
    ErrorBefore,
    /// Status 500 although it was done; kept under the idempotency key, so the same key gets it again.
    ErrorAfter,
    /// Status 503 before the call began; nothing is kept, and the same key can try again.
    Unavailable,
    /// Status 429 before the call began; nothing is kept.
    RateLimited,
    /// Status 409: the key is said to be in use. Without a key it does nothing.
    KeyInUse,
    /// No answer ever comes, and nothing was done.
    HangBefore,
    /// No answer ever comes, although it was done; the true answer is kept under the key.
    HangAfter,
    /// The connection is cut without an answer, and nothing was done.
    CutBefore,
    /// The connection is cut without an answer, although it was done; the true answer is kept under the key.
    CutAfter,
    /// It is done so much later; meanwhile its key is in use. A client that goes away does not stop it.
    Slow(Duration),
}

impl Fault {
    /// Every kind; the slow one takes 50 ms.
    pub const ALL: [Self; 10] = [
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::Unavailable,
        Self::RateLimited,
        Self::KeyInUse,
        Self::HangBefore,
        Self::HangAfter,
        Self::CutBefore,
        Self::CutAfter,
        Self::Slow(Duration::from_millis(50)),
    ];
}

/// Faults by chance.
#[derive(Clone, Debug)]
pub struct RandomFaults {
    /// The same seed gives the same faults to the same sequence of calls.
    pub seed: u64,
    /// How likely a call goes wrong, from 0 to 1.
    pub probability: f64,
    /// The calls that may go wrong.
    pub calls: Vec<Call>,
    /// How; each as likely as the others.
    pub faults: Vec<Fault>,
}

/// What goes wrong next.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    ordered: HashMap<Call, VecDeque<Fault>>,
    random: Option<(RandomFaults, StdRng)>,
    counts: HashMap<Call, u64>,
    down: bool,
}

impl Faults {
    pub(crate) fn order(&mut self, call: Call, fault: Fault, times: usize) {
        self.ordered.entry(call).or_default().extend(std::iter::repeat_n(fault, times));
    }

    pub(crate) fn randomise(&mut self, random: RandomFaults) {
        let rng = StdRng::seed_from_u64(random.seed);
        self.random = Some((random, rng));
    }

    pub(crate) fn clear(&mut self) {
        self.ordered.clear();
        self.random = None;
    }

    pub(crate) fn set_down(&mut self, down: bool) {
        self.down = down;
    }

    pub(crate) fn is_down(&self) -> bool {
        self.down
    }

    /// How many ordered faults have not happened yet.
    pub(crate) fn left(&self) -> usize {
        self.ordered.values().map(VecDeque::len).sum()
    }

    /// How many requests of this kind came.
    pub(crate) fn count(&self, call: Call) -> u64 {
        self.counts.get(&call).copied().unwrap_or_default()
    }

    /// Counts a request, and says how it goes wrong, if it does.
    pub(crate) fn next(&mut self, call: Call) -> Option<Fault> {
        *self.counts.entry(call).or_default() += 1;
        self.ordered.get_mut(&call).and_then(VecDeque::pop_front).or_else(|| self.by_chance(call))
    }

    fn by_chance(&mut self, call: Call) -> Option<Fault> {
        let (random, rng) = self.random.as_mut()?;
        if !random.calls.contains(&call) || random.faults.is_empty() {
            return None;
        }
        let happens = rng.random_bool(random.probability.clamp(0.0, 1.0));
        let which = rng.random_range(0..random.faults.len());
        happens.then(|| random.faults[which])
    }
}
