//! How long things may take. The longest that anything takes once a fault is over is the wait for what a process had in hand: a
//! claim comes back after the lease, a message after the ack wait.

use std::time::Duration;

use common::Service;
use messaging::topology::ACK_WAIT;

use super::harm::Part;

/// After this a timer that a dead worker had claimed is due again.
const LEASE: Duration = Duration::from_secs(10);
/// How often a worker looks when nobody wakes it.
const POLL: Duration = Duration::from_secs(1);
/// The sweeper's grace of 10 s, its interval of 2 s, and a second to do it.
const SWEEPER: Duration = Duration::from_secs(13);
/// The schedule is complete again so long after Redis lost it.
pub(super) const REBUILD: Duration = Duration::from_secs(15);

/// Who fires a timer and cancels the order.
pub(super) const TIMEKEEPERS: &[Part] = &[
    Part::Service(Service::Expiration),
    Part::Service(Service::Orders),
    Part::Broker,
    Part::Redis,
    Part::Database(Service::Orders),
];
/// Who completes an order that is paid.
const TAKERS_OF_PAYMENTS: &[Part] =
    &[Part::Service(Service::Orders), Part::Broker, Part::Database(Service::Orders)];

/// How long something may take: in health, and after a fault is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// Who does it: what hits others is no excuse.
    pub(super) parts: &'static [Part],
    pub(crate) in_health: Duration,
    pub(super) after_harm: Duration,
    /// Beyond that where the schedule has to be read from the log again. `None`: it does not depend on the schedule.
    pub(super) rebuild: Option<Duration>,
}

impl Limit {
    /// From an order's due time until it is cancelled because its timer fired.
    pub(crate) fn by_timer() -> Self {
        let limit = LEASE.max(ACK_WAIT) + POLL;
        Self { parts: TIMEKEEPERS, in_health: limit, after_harm: limit, rebuild: None }
    }

    /// The same where the timer was lost: the sweeper needs nothing but Postgres and the broker.
    pub(crate) fn by_sweeper() -> Self {
        Self { in_health: SWEEPER, ..Self::by_timer() }
    }

    /// From the due time of an order that is not ours until its expiration is stored: nobody sweeps those.
    pub(crate) fn foreign() -> Self {
        Self { rebuild: Some(REBUILD), ..Self::by_timer() }
    }

    /// From the store of a payment until its order is complete.
    pub(crate) fn of_payments(in_health: Duration) -> Self {
        Self { parts: TAKERS_OF_PAYMENTS, in_health, after_harm: in_health + ACK_WAIT, rebuild: None }
    }
}
