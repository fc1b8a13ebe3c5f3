//! A measure that every step of the system raises: why a run that is left alone comes to its end.

use super::{
    check, relay,
    state::{Pass, Stage, State},
    system::System,
};

/// How far everything has come. Mishaps may lower it, and nothing else.
pub(crate) fn measure(system: &System, state: &State) -> i32 {
    let postgres = &state.postgres;
    let rows: i32 = postgres.rows.iter().map(|row| 100_000 * row.order as i32).sum();
    let queued = count(postgres.outbox.iter().flatten());
    let waiting = count(state.stream.waiting());
    let well = if relay::is_well(system, state) { 10_000 } else { 0 };
    let passes: i32 = state.relays.iter().flatten().map(|pass| of_pass(system, state, pass)).sum();
    rows - 1_000 * queued - waiting + well + passes + checking(system, state)
}

fn count(of: impl Iterator) -> i32 {
    i32::try_from(of.count()).unwrap_or(i32::MAX)
}

/// After a loss what a relay holds is rolled back, or remembered if it is what was lost.
fn of_pass(system: &System, state: &State, pass: &Pass) -> i32 {
    let is_there = state.stream.has(pass.place);
    let is_well = relay::is_well(system, state);
    let unnoticed = if is_there { 0 } else { -20_000 };
    let is_current = pass.verified == Some(state.postgres.remembered);
    let stage = match (pass.slot, pass.verified) {
        (None, Some(_)) if is_current => -100,
        (None, None) => -200,
        (None, Some(_)) => -210,
        (Some(_), Some(_)) if is_current => 33,
        (Some(_), None) if is_well && is_there => 30,
        (Some(_), None) => -1,
        (Some(_), Some(_)) if is_well && is_there => 29,
        (Some(_), Some(_)) => -2,
    };
    unnoticed + stage
}

/// A check that is overtaken is given up, and one that was overtaken by another loss ends before that one.
fn checking(system: &System, state: &State) -> i32 {
    match state.check {
        None => 0,
        Some(check) if !state.stream.has(check.last) => -8_000 + 20 * check.stage as i32,
        Some(check) if !check::is_current(state, &check) || relay::is_well(system, state) => {
            -60 + 20 * check.stage as i32
        }
        Some(check) if check.stage == Stage::Looked => 1,
        Some(_) => 20,
    }
}
