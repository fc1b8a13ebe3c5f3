//! What an operator does, and what comes of it.

use common::{
    clock,
    event::Timestamp,
    internal::{MoveTimer, TimerAnswers},
};
use expiration::schedule::Job;

use crate::{
    model::State,
    world::{DUE, World},
};

impl World {
    pub(crate) async fn extend(&mut self, order: usize, due_ms: i64) {
        let job = Job { id: self.ids[order].clone(), due_ms };
        let moved = self.schedule.extend(&[job]).await.unwrap();
        let state = self.model.jobs.get(&order).copied();
        let expected = match state {
            None => Some(due_ms),
            Some(State::Waiting(before)) => (before < due_ms).then_some(due_ms),
            Some(State::Claimed(..) | State::Lapsed(_)) => None,
        };
        assert_eq!(moved == 1, expected.is_some(), "extended from {state:?} to {due_ms}");
        if let Some(due_ms) = expected {
            self.model.jobs.insert(order, State::Waiting(due_ms));
        }
    }

    pub(crate) async fn move_timer(&mut self, order: usize, to_ms: i64) {
        let timer = MoveTimer { id: self.ids[order].clone(), to: Timestamp::from_millis(to_ms) };
        let before_ms = clock::now_ms();
        let moved = self.schedule.move_timers(&[timer]).await.unwrap();
        if self.changes(order, &moved) {
            let score: f64 = redis::cmd("ZSCORE")
                .arg(DUE)
                .arg(self.ids[order].as_str())
                .query_async(&mut self.redis)
                .await
                .unwrap();
            let due_ms = score as i64;
            let expected = to_ms.max(before_ms)..=to_ms.max(clock::now_ms());
            assert!(score.fract() == 0.0 && expected.contains(&due_ms), "{score} is not in {expected:?}");
            self.model.jobs.insert(order, State::Waiting(due_ms));
        }
    }

    /// Whether a timer may be changed by an operator, which `answers` have to say as well: in a worker's hands it may not.
    pub(crate) fn changes(&self, order: usize, answers: &TimerAnswers) -> bool {
        let fleet = self.fleet_hours.unwrap_or(i64::MIN);
        let state = self.model.jobs.get(&order);
        let held = matches!(state, Some(State::Claimed(_, _, made)) if fleet <= *made);
        let expected =
            (usize::from(state.is_some() && !held), usize::from(held), usize::from(state.is_none()));
        assert_eq!((answers.done.len(), answers.claimed.len(), answers.unknown.len()), expected, "{state:?}");
        if let (Some(State::Waiting(due_ms)), [timer]) = (state, answers.done.as_slice()) {
            assert_eq!(timer.due_at.as_millis(), *due_ms, "it tells when it was due");
        }
        state.is_some() && !held
    }
}
