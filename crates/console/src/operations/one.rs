//! One operation, from its plan to its end.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use common::{
    clock,
    event::Timestamp,
    operator::{Operation, OperationFailure, OperationState},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::work::{Batches, How, ItemOutcome, Work};
use crate::audit::{Act, Details};

/// Failures that are told one by one.
const MOST_FAILURES: usize = 20;
/// How long a service may be away before the operation ends.
const PATIENCE: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// An operation, and what it has still to do.
#[derive(Debug)]
pub(super) struct One {
    shown: Mutex<Operation>,
    /// Until it is confirmed.
    plan: Mutex<Option<Plan>>,
    /// Items in memory until it has ended.
    size: u64,
    pub(super) planned: Instant,
    pub(super) abort: CancellationToken,
}

/// What is done to which, frozen when it was planned.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) items: Vec<String>,
    pub(super) work: Work,
    pub(super) request: Value,
    pub(super) note: Option<String>,
}

impl One {
    pub(super) fn new(shown: Operation, plan: Plan, abort: CancellationToken) -> Self {
        let size = plan.items.len() as u64;
        Self { shown: Mutex::new(shown), plan: Mutex::new(Some(plan)), size, planned: Instant::now(), abort }
    }

    pub(super) fn shown(&self) -> Operation {
        self.show().clone()
    }

    pub(super) fn show(&self) -> MutexGuard<'_, Operation> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the plan: whoever has it runs it, so it runs once.
    pub(super) fn take_plan(&self) -> Option<Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn put_back(&self, plan: Plan) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Some(plan);
    }

    pub(super) fn is_planned(&self) -> bool {
        self.show().state == OperationState::Planned
    }

    /// How many items it holds in memory.
    pub(super) fn held(&self) -> u64 {
        let holds = matches!(self.show().state, OperationState::Planned | OperationState::Running);
        if holds { self.size } else { 0 }
    }

    /// A plan that is not to be run.
    pub(super) fn drop_plan(&self) {
        if self.take_plan().is_some() {
            self.end(OperationState::Aborted);
        }
    }

    /// Runs it to its end, which is in the audit.
    pub(super) async fn run(&self, plan: Plan, act: Act) {
        let ended = match &plan.work.0 {
            How::Batches(batches) => self.run_batches(batches, &plan.items).await,
            How::Whole { run, .. } => run().await.map(|done| {
                self.show().done = done;
                OperationState::Done
            }),
        };
        let (state, reason) = match ended {
            Ok(state) => (state, None),
            Err(error) => (OperationState::Failed, Some(format!("{error:#}"))),
        };
        if let Some(reason) = &reason {
            let failures = &mut self.show().failures;
            failures.truncate(MOST_FAILURES - 1);
            failures.push(OperationFailure { item: "the operation".to_owned(), reason: reason.clone() });
        }
        self.end(state);
        let shown = self.shown();
        let details = Details { count: Some(shown.done), after: Some(result(&shown)), ..Details::default() };
        match state {
            OperationState::Done if shown.failed == 0 => act.done(details).await,
            OperationState::Aborted => act.failed("it was aborted", details).await,
            _ => act.failed(reason.as_deref().unwrap_or("some could not be done"), details).await,
        }
    }

    /// Until they are done, or it is aborted.
    async fn run_batches(&self, batches: &Batches, items: &[String]) -> anyhow::Result<OperationState> {
        for batch in items.chunks(batches.size) {
            let Some(outcomes) = self.abort.run_until_cancelled(patiently(batches, batch)).await else {
                return Ok(OperationState::Aborted);
            };
            self.count(batch, outcomes?);
        }
        Ok(OperationState::Done)
    }

    fn end(&self, state: OperationState) {
        let mut shown = self.show();
        shown.state = state;
        shown.ended_at = Some(Timestamp::from_millis(clock::now_ms()));
    }

    fn count(&self, batch: &[String], outcomes: Vec<ItemOutcome>) {
        let mut shown = self.show();
        for (item, outcome) in batch.iter().zip(outcomes) {
            match outcome {
                ItemOutcome::Done => shown.done += 1,
                ItemOutcome::Skipped => shown.skipped += 1,
                ItemOutcome::Failed(reason) => {
                    shown.failed += 1;
                    if shown.failures.len() < MOST_FAILURES {
                        shown.failures.push(OperationFailure { item: item.clone(), reason });
                    }
                }
            }
        }
    }
}

fn result(shown: &Operation) -> Value {
    json!({
        "state": shown.state,
        "done": shown.done,
        "skipped": shown.skipped,
        "failed": shown.failed,
        "failures": shown.failures,
    })
}

/// Again and again while a service is away, but not for ever.
async fn patiently(batches: &Batches, batch: &[String]) -> anyhow::Result<Vec<ItemOutcome>> {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match batches.run(batch).await {
            Err(_) if begun.elapsed() < PATIENCE => sleep(pause).await,
            answered => return answered,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
