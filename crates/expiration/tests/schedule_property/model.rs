//! What the rules say.

use std::collections::BTreeMap;

/// What the rules say is in the schedule.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) jobs: BTreeMap<usize, State>,
    pub(crate) pause: Paused,
}

/// What a claim may take.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Paused {
    /// Whatever is due.
    #[default]
    No,
    /// Nothing.
    Yes,
    /// What waited and what has become due since, the latter first.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum State {
    /// Waits until this instant, ms.
    Waiting(i64),
    /// In the hands of the claim with this number; the instant it was due; how many hours the fleet's clock was behind
    /// Redis' when it was claimed.
    Claimed(u64, i64, i64),
    /// Of a claim that has lapsed by the fleet's clock of its time.
    Lapsed(i64),
}

impl Model {
    /// The jobs of a claim. One whose score was moved is nobody's any more: another score is not this claim's.
    pub(crate) fn held_by(&self, number: u64) -> Vec<usize> {
        let held = |state: &State| matches!(state, State::Claimed(by, ..) if *by == number);
        self.jobs.iter().filter(|(_, state)| held(state)).map(|(order, _)| *order).collect()
    }

    /// What is due by a clock that shows `latest_ms` at the latest, and is so many hours (0 or less) behind Redis'. A claim lapses
    /// when that one has come so far as the fleet's was when it was made.
    pub(crate) fn due(&self, latest_ms: i64, behind: i64) -> Vec<usize> {
        let due = |state: &State| match state {
            State::Waiting(due_ms) => *due_ms <= latest_ms,
            State::Lapsed(fleet) => behind >= *fleet,
            State::Claimed(_, _, fleet) => behind > *fleet,
        };
        self.jobs.iter().filter(|(_, state)| due(state)).map(|(order, _)| *order).collect()
    }
}
