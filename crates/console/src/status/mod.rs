//! Is it well? The whole platform at one instant, looked at only while somebody asks, and at most twice a second.

mod broker;
mod services;
mod troubles;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use common::{
    Service, clock,
    internal::{OwedPayments, ScheduleState},
    operator::{OutboxReport, OwedState, Status},
};
use futures_util::future::join_all;
use messaging::Broker;
use metrics::histogram;
use tokio::time::Instant;

use crate::{
    dead_letters::DeadLetters,
    peers::{PeerError, Peers},
};

/// A look that is younger is shown again.
pub(crate) const FRESH: Duration = Duration::from_millis(500);

/// Services with an outbox.
pub(crate) const WITH_OUTBOX: [Service; 3] = [Service::Tickets, Service::Orders, Service::Payments];

/// Looks at the platform. Cheap to clone: all clones share the last look.
#[derive(Clone, Debug)]
pub struct Sampler(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    peers: Peers,
    dead_letters: Arc<DeadLetters>,
    broker: Broker,
    last: Mutex<Option<(Instant, Arc<Status>)>>,
    /// One looks, and the others wait for what it sees.
    looking: tokio::sync::Mutex<()>,
}

impl Sampler {
    /// Looks at what these know.
    pub fn new(peers: Peers, dead_letters: Arc<DeadLetters>, broker: Broker) -> Self {
        let inner = Inner {
            peers,
            dead_letters,
            broker,
            last: Mutex::default(),
            looking: tokio::sync::Mutex::default(),
        };
        Self(Arc::new(inner))
    }

    /// How it is: the last look, if it is young enough, else a new one.
    pub async fn status(&self) -> Arc<Status> {
        if let Some(last) = self.last() {
            return last;
        }
        let _one_at_a_time = self.0.looking.lock().await;
        if let Some(last) = self.last() {
            return last;
        }
        let begun = Instant::now();
        let status = Arc::new(self.look().await);
        histogram!("status_seconds").record(begun.elapsed().as_secs_f64());
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((begun, Arc::clone(&status)));
        status
    }

    fn last(&self) -> Option<Arc<Status>> {
        let last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(at, _)| at.elapsed() < FRESH).map(|(_, status)| Arc::clone(status))
    }

    /// Asks everybody side by side, so that it takes as long as the slowest.
    async fn look(&self) -> Status {
        let Inner { peers, dead_letters, broker, .. } = &*self.0;
        let outboxes = join_all(WITH_OUTBOX.map(async |service| OutboxReport {
            service: service.to_string(),
            state: peers.outbox(service).await.ok(),
        }));
        let (schedule, owed, outboxes, (streams, consumers), services) = tokio::join!(
            peers.schedule(),
            peers.owed(None, 1),
            outboxes,
            broker::look(broker),
            services::look(peers),
        );
        let mut status = Status {
            at: clock::now().into(),
            well: false,
            troubles: Vec::new(),
            schedule: answered(schedule),
            // Before the first one is read, it is not known.
            dead_letters: streams.iter().any(|stream| stream.exists).then(|| dead_letters.total()),
            owed: answered(owed).map(owed_state),
            outboxes,
            consumers,
            streams,
            services,
        };
        status.troubles = troubles::of(&status);
        status.well = status.troubles.is_empty();
        status
    }
}

fn answered<T>(answer: Result<T, PeerError>) -> Option<T> {
    answer.inspect_err(|error| tracing::debug!("a status without a part: {error}")).ok()
}

fn owed_state(owed: OwedPayments) -> OwedState {
    OwedState { count: owed.total, oldest: owed.owed.into_iter().next() }
}

/// What two schedules have in common but the clocks, which always differ.
pub(crate) fn is_same(one: &Status, other: &Status) -> bool {
    let still = |status: &Status| {
        let mut status = status.clone();
        status.at = common::event::Timestamp::from_millis(0);
        if let Some(ScheduleState { clocks, oldest_due_age_ms, .. }) = &mut status.schedule {
            (clocks.redis, clocks.worker, *oldest_due_age_ms) = (status.at, status.at, 0);
        }
        status
    };
    still(one) == still(other)
}
