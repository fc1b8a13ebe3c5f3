//! The list of tickets, kept for a moment: a rush asks `tickets` once a second and not once a visitor, and the window stays up
//! while `tickets` is slow or away.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use common::clock;
use metrics::counter;
use process::telemetry::begin_at_zero;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use tracing::{info, warn};

use crate::{
    api::{Apis, Failure, Ticket},
    visit::Visit,
};

/// How long a list is shown without asking again.
const FRESH: Duration = Duration::from_secs(1);
/// How long a visitor waits for a new list while there is an old one.
const PATIENCE: Duration = Duration::from_millis(300);
/// An older list says more wrong than right.
const OLDEST: Duration = Duration::from_secs(600);
/// Pages that showed a list which could not be renewed in time.
const SHOWN_OLD: &str = "shop_window_old_total";
/// Hundreds of tickets in the window. The search is among these.
const PAGES: usize = 20;

/// A list of tickets, kept for a moment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ShopWindow {
    apis: Apis,
    /// The taken ones too.
    all: bool,
    kept: Arc<RwLock<Kept>>,
    /// When the list was asked for last, and what came of it. Locked while it is being asked for.
    last_try: Arc<Mutex<Option<Try>>>,
}

/// When the list was asked for, and what came of it.
type Try = (Instant, Result<(), Failure>);

#[derive(Debug)]
struct Kept {
    snapshot: Option<Arc<Snapshot>>,
    /// Nothing that was asked for before is fresh.
    changed: Instant,
}

/// The tickets as they were.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The oldest first.
    pub(crate) tickets: Vec<Ticket>,
    /// Whether there are more.
    pub(crate) cut: bool,
    /// When `tickets` was asked: what happened later may be missing.
    pub(crate) asked_at: DateTime<Utc>,
    asked: Instant,
}

impl Snapshot {
    /// How old it is.
    pub(crate) fn age(&self) -> Duration {
        self.asked.elapsed()
    }

    /// Whether it is older than what is shown in good times.
    pub(crate) fn is_old(&self) -> bool {
        self.age() > FRESH + PATIENCE
    }
}

impl ShopWindow {
    pub(crate) fn new(apis: Apis, all: bool) -> Self {
        begin_at_zero(SHOWN_OLD);
        let kept = Kept { snapshot: None, changed: Instant::now() };
        Self { apis, all, kept: Arc::new(RwLock::new(kept)), last_try: Arc::default() }
    }

    /// The tickets, new or from a moment ago; or older ones, while there are no newer ones to be had.
    ///
    /// # Errors
    /// When `tickets` is away and there is no list that is not too old.
    pub(crate) async fn look(&self, visit: &Visit) -> Result<Arc<Snapshot>, Failure> {
        if let Some(fresh) = self.fresh() {
            return Ok(fresh);
        }
        // A task of its own: it goes on when this visitor waits no longer.
        let renewal = tokio::spawn(self.clone().renew(visit.of_nobody(), Instant::now()));
        let failure = match (self.showable(), renewal) {
            (Some(old), renewal) => match timeout(PATIENCE, renewal).await {
                Ok(Ok(Ok(()))) => return Ok(self.showable().unwrap_or(old)),
                _ => {
                    counter!(SHOWN_OLD).increment(1);
                    return Ok(old);
                }
            },
            (None, renewal) => match renewal.await {
                Ok(Ok(())) => None,
                Ok(Err(failure)) => Some(failure),
                Err(error) => Some(away(&error.to_string())),
            },
        };
        match (failure, self.showable()) {
            (None, Some(snapshot)) => Ok(snapshot),
            (failure, _) => Err(failure.unwrap_or_else(|| away("the list is gone"))),
        }
    }

    /// What is shown from now on is asked for anew.
    pub(crate) fn forget(&self) {
        self.kept.write().unwrap_or_else(PoisonError::into_inner).changed = Instant::now();
    }

    /// Asks for the list, unless somebody else has done so since `since`.
    async fn renew(self, visit: Visit, since: Instant) -> Result<(), Failure> {
        let mut last_try = self.last_try.lock().await;
        if let Some((begun, result)) = &*last_try
            && *begun >= since
        {
            return result.clone();
        }
        let (asked, asked_at) = (Instant::now(), clock::now());
        let result = self.apis.tickets(&visit, self.all, PAGES).await.map(|listed| {
            let snapshot = Snapshot { tickets: listed.entries, cut: listed.cut, asked_at, asked };
            self.kept.write().unwrap_or_else(PoisonError::into_inner).snapshot = Some(Arc::new(snapshot));
        });
        let was_good = last_try.as_ref().is_none_or(|(_, result)| result.is_ok());
        match (&result, was_good) {
            (Err(failure), true) => warn!("the list of tickets can't be renewed: {failure}"),
            (Ok(()), false) => info!("the list of tickets is renewed again"),
            _ => {}
        }
        *last_try = Some((asked, result.clone()));
        result
    }

    fn fresh(&self) -> Option<Arc<Snapshot>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |snapshot: &&Arc<Snapshot>| snapshot.age() < FRESH && snapshot.asked >= kept.changed;
        kept.snapshot.as_ref().filter(is_fresh).cloned()
    }

    fn showable(&self) -> Option<Arc<Snapshot>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.snapshot.as_ref().filter(|snapshot| snapshot.age() < OLDEST).cloned()
    }
}

fn away(reason: &str) -> Failure {
    Failure::Away { service: common::Service::Tickets, reason: reason.to_owned() }
}
