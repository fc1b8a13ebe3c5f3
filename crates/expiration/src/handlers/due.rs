//! From what an event says to a due time that the schedule takes.

use std::time::Duration;

use common::{
    clock,
    event::{Id, Timestamp},
};
use messaging::Outcome;

use crate::schedule::Job;

/// The timer that an order needs, unless it is further away than `longest`: that is a mistake of the publisher, and would fill
/// Redis for ever. A due time in the past is due now: every order looks so after an outage.
fn job(id: &Id, expires_at: Timestamp, longest: Duration) -> Result<Job, Outcome> {
    match due_ms(expires_at, longest, clock::now_ms()) {
        Some(due_ms) => Ok(Job { id: id.clone(), due_ms }),
        None => Err(Outcome::reject(format!(
            "order {id} expires at {expires_at}, further away than EXPIRATION_MAX_DELAY allows"
        ))),
    }
}

/// When a timer is due that is asked for at `now_ms`; `None` if that is further away than `longest`.
pub(crate) fn due_ms(expires_at: Timestamp, longest: Duration, now_ms: i64) -> Option<i64> {
    let longest_ms = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
    let due_ms = expires_at.as_millis();
    (due_ms <= now_ms.saturating_add_unsigned(longest_ms)).then(|| due_ms.max(0))
}

/// The jobs of a batch, and the outcome for each of its events once they are stored.
pub(super) fn jobs<'a>(
    events: impl ExactSizeIterator<Item = (&'a Id, Timestamp)>,
    longest: Duration,
) -> (Vec<Job>, Vec<Outcome>) {
    let mut jobs = Vec::with_capacity(events.len());
    let mut outcomes = Vec::with_capacity(events.len());
    for (id, expires_at) in events {
        match job(id, expires_at, longest) {
            Ok(job) => {
                jobs.push(job);
                outcomes.push(Outcome::Done);
            }
            Err(refused) => outcomes.push(refused),
        }
    }
    (jobs, outcomes)
}
