//! What every request has at hand: one method for each operation of the API, called by its handlers and by the pages.
//! Those that act are in `acts`: each checks the role and writes the audit, so nobody acts without.

mod who;

use std::{fmt, sync::Arc};

use axum::response::Response;
use common::{
    event::{Id, Timestamp},
    internal::{Forecast, OwedPayments, ScheduleState, TimerPage},
    operator::{
        AuditPage, DeadLetter, DeadLetterFilter, DeadLetterGroups, DeadLetterPage, Operation, Operations,
        OrderReport, Status,
    },
};
use secrecy::SecretString;
use tokio_util::task::TaskTracker;

use crate::{
    access::Access,
    audit::{Audit, AuditFilter},
    dead_letters::DeadLetters,
    failure::Failure,
    live::Live,
    operations::OperationStore,
    orders::Reporter,
    peers::Peers,
    status::Sampler,
};

/// What every request has at hand. Cheap to clone.
#[derive(Clone)]
pub struct App(pub(crate) Arc<Inner>);

/// What an [`App`] is made of.
#[derive(Debug)]
pub struct Inner {
    /// Who may come in.
    pub access: Access,
    /// The other services.
    pub peers: Peers,
    /// What was done, and by whom.
    pub audit: Arc<Audit>,
    /// The dead letters.
    pub dead_letters: Arc<DeadLetters>,
    /// Acts on many.
    pub operations: Arc<OperationStore>,
    /// Reports of orders.
    pub reporter: Reporter,
    /// How it is.
    pub sampler: Sampler,
    /// Those who look on.
    pub live: Live,
    /// Signs the forms of the pages.
    pub form_key: SecretString,
    /// Acts that are under way: a client that goes away stops none.
    pub acting: TaskTracker,
}

type R<T> = Result<T, Failure>;

/// The most entries of a page of timers.
const MOST_TIMERS: usize = 1_000;
/// The most entries of a page of the audit.
const MOST_ENTRIES: usize = 500;
/// The most entries of a page of dead letters.
const MOST_LETTERS: usize = 1_000;
/// The most entries of a page of money that is owed.
const MOST_OWED: usize = 100;

impl App {
    /// Everything together.
    pub fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// How it is, looked at within the last half second.
    pub async fn status(&self) -> Arc<Status> {
        self.0.sampler.status().await
    }

    /// The stream of how it is, as it changes.
    ///
    /// # Errors
    /// 503 when too many look on.
    pub async fn look_on(&self) -> R<Response> {
        self.0.live.open(&self.0.sampler).await
    }

    /// Everything about one order.
    ///
    /// # Errors
    /// 404 when nobody knows it.
    pub async fn order(&self, id: &Id) -> R<OrderReport> {
        self.0.reporter.report(id).await
    }

    /// How the schedule is.
    ///
    /// # Errors
    /// 503 when `expiration` is away.
    pub async fn schedule(&self) -> R<ScheduleState> {
        Ok(self.0.peers.schedule().await?)
    }

    /// A page of timers by due time.
    ///
    /// # Errors
    /// 400 with the parameter, 503 when `expiration` is away.
    pub async fn timers(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        after: Option<&str>,
        limit: usize,
    ) -> R<TimerPage> {
        Ok(self.0.peers.timers(from, to, after, bounded(limit, MOST_TIMERS)?).await?)
    }

    /// How many timers fall due when.
    ///
    /// # Errors
    /// 503 when `expiration` is away.
    pub async fn forecast(&self) -> R<Forecast> {
        Ok(self.0.peers.forecast().await?)
    }

    /// Dead letters, grouped.
    ///
    /// # Errors
    /// None at present; pages and handlers treat all operations alike.
    pub async fn dead_letter_groups(&self) -> R<DeadLetterGroups> {
        Ok(self.0.dead_letters.groups())
    }

    /// A page of dead letters, the newest first.
    ///
    /// # Errors
    /// 503 when the broker is away.
    pub async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<u64>,
        limit: usize,
    ) -> R<DeadLetterPage> {
        let limit = bounded(limit, MOST_LETTERS)?;
        self.0.dead_letters.list(filter, after, limit).await.map_err(|error| broker_away(&error))
    }

    /// One dead letter.
    ///
    /// # Errors
    /// 404, or 503 when the broker is away.
    pub async fn dead_letter(&self, sequence: u64) -> R<DeadLetter> {
        let letter = self.0.dead_letters.get(sequence).await.map_err(|error| broker_away(&error))?;
        letter.ok_or_else(|| no_letter(sequence))
    }

    /// Money that is owed, the longest open first.
    ///
    /// # Errors
    /// 503 when `orders` is away.
    pub async fn owed(&self, after: Option<&Id>, limit: usize) -> R<OwedPayments> {
        Ok(self.0.peers.owed(after, bounded(limit, MOST_OWED)?).await?)
    }

    /// Who did what, the newest first.
    ///
    /// # Errors
    /// 503 when the broker is away.
    pub async fn audit(&self, filter: AuditFilter) -> R<AuditPage> {
        let limit = bounded(filter.limit, MOST_ENTRIES)?;
        self.0.audit.search(AuditFilter { limit, ..filter }).await.map_err(|error| broker_away(&error))
    }

    /// Acts on many, the newest first.
    ///
    /// # Errors
    /// None at present, as [`Self::dead_letter_groups`].
    pub async fn operations(&self) -> R<Operations> {
        Ok(Operations { operations: self.0.operations.list() })
    }

    /// One of them.
    ///
    /// # Errors
    /// 404
    pub async fn operation(&self, id: &str) -> R<Operation> {
        self.0.operations.get(id).ok_or_else(|| no_operation(id))
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

fn bounded(limit: usize, most: usize) -> R<usize> {
    let is_good = (1..=most).contains(&limit);
    is_good
        .then_some(limit)
        .ok_or_else(|| Failure::field("limit", format!("limit must be a whole number from 1 to {most}")))
}

pub(crate) fn broker_away(error: &anyhow::Error) -> Failure {
    Failure::away(format!("The broker does not answer: {error:#}"))
}

fn no_letter(sequence: u64) -> Failure {
    Failure::not_found(format!(
        "There is no dead letter {sequence}: it was replayed or discarded, or never was"
    ))
}

pub(crate) fn no_operation(id: &str) -> Failure {
    Failure::not_found(format!(
        "There is no operation {id}: it is forgotten after some hours, or when its console ends"
    ))
}
