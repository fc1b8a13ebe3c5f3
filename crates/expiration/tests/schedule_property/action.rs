//! What may happen to a schedule.

use proptest::prelude::*;

use crate::world::{ORDERS, WORKERS};

#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// An `order:created` (or its redelivery) with a due time this many hours from now.
    Schedule { order: usize, hours: i64 },
    /// An `order:cancelled`.
    Unschedule { order: usize },
    /// An `order:extended` (or its redelivery).
    Extend { order: usize, hours: i64 },
    /// An operator moves a timer.
    Move { order: usize, hours: i64 },
    /// An operator removes a timer.
    Remove { order: usize },
    /// An operator pauses all claims for so many hours.
    Pause { hours: i64 },
    /// An operator resumes them, at a rate that is as good as none or without one.
    Resume { rate: Option<u32> },
    /// A worker claims, with a clock that is this many hours off, and reaches this many hours ahead.
    Claim { worker: usize, limit: usize, fresh: usize, skew_hours: i64, ahead_hours: i64 },
    /// A worker's whole claim was stored.
    Complete { worker: usize },
    /// The first `stored` jobs of a worker's claim were stored, the rest not.
    Settle { worker: usize, stored: usize },
    /// A worker dies with its claim in hand, or sleeps past its lease: all claims of that age lapse.
    Lapse,
}

pub(crate) fn action() -> impl Strategy<Value = Action> {
    let order = 0..ORDERS;
    let worker = 0..WORKERS;
    prop_oneof![
        3 => (order.clone(), -3i64..3).prop_map(|(order, hours)| Action::Schedule { order, hours }),
        1 => order.clone().prop_map(|order| Action::Unschedule { order }),
        2 => (order.clone(), -3i64..3).prop_map(|(order, hours)| Action::Extend { order, hours }),
        2 => (order.clone(), -3i64..3).prop_map(|(order, hours)| Action::Move { order, hours }),
        1 => order.prop_map(|order| Action::Remove { order }),
        1 => (1i64..3).prop_map(|hours| Action::Pause { hours }),
        1 => prop::option::of(Just(1_000_000)).prop_map(|rate| Action::Resume { rate }),
        4 => (worker.clone(), 1usize..5, 0usize..3, -2i64..3, 0i64..2).prop_map(
            |(worker, limit, fresh, skew_hours, ahead_hours)| {
                Action::Claim { worker, limit, fresh: fresh.min(limit), skew_hours, ahead_hours }
            }
        ),
        2 => worker.clone().prop_map(|worker| Action::Complete { worker }),
        2 => (worker, 0usize..5).prop_map(|(worker, stored)| Action::Settle { worker, stored }),
        1 => Just(Action::Lapse),
    ]
}
