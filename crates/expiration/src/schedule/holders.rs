//! Who holds which claim.

use std::collections::HashMap;

use common::{
    event::Timestamp,
    internal::{Timer, TimerClaim, TimerState},
};
use tracing::error;

/// The fraction of a score that is a claim, 1 to 4095; none of a due time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a fraction of 4096 is exact, and below it"
)]
pub(super) fn fraction(score: f64) -> Option<u16> {
    let fraction = (score.fract() * 4_096.0) as u16;
    (fraction != 0).then_some(fraction)
}

/// The claims that were made lately, each with its score and its worker.
#[derive(Debug, Default)]
pub(super) struct Holders(HashMap<u16, (f64, String)>);

impl Holders {
    /// Of the hash that `claim.lua` writes.
    pub(super) fn read(fields: impl IntoIterator<Item = (u16, String)>) -> Self {
        let known = fields.into_iter().filter_map(|(fraction, text)| {
            let (score, worker) = text.split_once(' ')?;
            Some((fraction, (score.parse().ok()?, worker.to_owned())))
        });
        Self(known.collect())
    }

    /// Scores of the claims that have not lapsed.
    pub(super) fn live_scores(&self, now_ms: i64) -> Vec<f64> {
        self.0.values().map(|(score, _)| *score).filter(|score| *score > now_ms as f64).collect()
    }

    /// Who made the claim with this score, if it is known: workers of older releases don't tell.
    fn of(&self, score: f64) -> Option<&str> {
        let (held, worker) = self.0.get(&fraction(score)?)?;
        // The fraction of an old claim comes round again.
        (held.to_bits() == score.to_bits()).then_some(worker.as_str())
    }

    /// The timer that a member of the set is, by Redis' clock. None if somebody else has written it.
    #[expect(clippy::cast_possible_truncation, reason = "scores are ms since the epoch, 41 bits")]
    pub(super) fn timer(&self, member: String, score: f64, now_ms: i64) -> Option<Timer> {
        let id = member
            .try_into()
            .inspect_err(|error| error!("the schedule holds a member that is no order id: {error}"))
            .ok()?;
        let due_at = Timestamp::from_millis(score.floor() as i64);
        let claimed = is_live(score, now_ms);
        let state = match score > now_ms as f64 {
            _ if claimed => TimerState::Claimed,
            true => TimerState::Pending,
            false => TimerState::Due,
        };
        let claim = claimed.then(|| TimerClaim { by: self.of(score).map(str::to_owned), until: due_at });
        Some(Timer { id, due_at, state, claim })
    }
}

/// Whether a score is a claim that has not lapsed.
pub(super) fn is_live(score: f64, now_ms: i64) -> bool {
    score.fract() != 0.0 && score > now_ms as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_known_by_its_whole_score_and_not_by_its_fraction_alone() {
        let (now_ms, score) = (1_769_860_800_000, 1_769_860_810_000.0 + 7.0 / 4_096.0);
        let holders = Holders::read([(7, format!("{score} expiration-1")), (8, "nonsense".to_owned())]);
        let timer = |score| holders.timer("a".to_owned(), score, now_ms).unwrap();
        assert_eq!(timer(score).claim.unwrap().by.as_deref(), Some("expiration-1"));
        assert_eq!(timer(score + 1.0).claim.unwrap().by, None, "an older one with the same fraction");
        assert_eq!(timer(score).state, TimerState::Claimed);
        assert_eq!((timer(score - 20_000.0).state, timer(score - 20_000.0).claim), (TimerState::Due, None));
        assert_eq!(timer(now_ms as f64 + 1.0).state, TimerState::Pending);
        assert_eq!(timer(now_ms as f64).state, TimerState::Due);
        assert_eq!(holders.live_scores(now_ms), [score]);
        assert_eq!(holders.live_scores(now_ms + 20_000), [0.0; 0]);
    }
}
