//! Redis' clock and the workers': each may be wrong.

use super::{mistake::Mistake, scope::Scope, state::State, system::System};

/// The slower one of Redis' clock and a worker's.
pub(crate) fn slower(scope: &Scope, state: &State, worker: u8) -> i8 {
    state.time.cast_signed() + scope.clocks[usize::from(worker)].min(scope.redis_clock)
}

/// By which a worker claims.
pub(crate) fn of_claim(system: &System, state: &State, worker: u8) -> i8 {
    if system.errs(Mistake::ClaimByOwnClock) {
        return state.time.cast_signed() + system.scope.clocks[usize::from(worker)];
    }
    slower(&system.scope, state, worker)
}

/// When nothing becomes due any more.
pub(crate) fn end(scope: &Scope) -> u8 {
    let best = scope.clocks.iter().map(|clock| *clock.min(&scope.redis_clock)).max().unwrap_or(0);
    2 + best.min(0).unsigned_abs()
}

/// Whether an order's first time has come for any worker.
pub(crate) fn has_come(system: &System, state: &State) -> bool {
    [0, 1].into_iter().any(|worker| of_claim(system, state, worker) >= 1)
}
