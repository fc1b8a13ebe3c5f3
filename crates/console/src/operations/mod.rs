//! Acts on many: planned and counted, confirmed with that count, run in the background, shown, aborted. Operations are this
//! process' own; what they did is in the audit for ever.

mod error;
mod one;
mod work;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use common::{
    clock,
    event::{Id, Timestamp},
    operator::{Operation, OperationAction, OperationState},
};
use serde_json::{Value, json};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::audit::{Audit, Author, Details, Target};
pub use error::{ConfirmError, PlanError};
use one::{One, Plan};
pub use work::{ItemOutcome, Work};

/// How long a plan waits to be confirmed.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10 * 60);
/// Items of one operation.
const MOST_ITEMS: u64 = 1_000_000;
/// Items of all that are planned or run: they are in memory.
const MOST_HELD: u64 = 3_000_000;
/// Operations that are shown; the oldest that have ended are forgotten.
const MOST_SHOWN: usize = 200;
/// Plans that wait to be confirmed; for more, the oldest is forgotten.
const MOST_PLANS: usize = 50;
const SAMPLES: usize = 20;

/// What is to be done to which.
#[derive(Debug)]
pub struct Planned {
    /// What.
    pub action: OperationAction,
    /// Who plans it.
    pub by: Author,
    /// To which: ids of orders, or sequences of dead letters; for work in one go, what it is about, for a person.
    pub items: Vec<String>,
    /// What was asked for, for the audit.
    pub request: Value,
    /// Why, for the audit.
    pub note: Option<String>,
}

/// The operations of this process.
#[derive(Debug)]
pub struct OperationStore {
    audit: Arc<Audit>,
    /// The newest last.
    all: Mutex<Vec<Arc<One>>>,
    running: TaskTracker,
    stop: CancellationToken,
}

impl OperationStore {
    /// Operations that run when `stop` comes are aborted. Called by `main`.
    pub fn new(audit: Arc<Audit>, stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self { audit, all: Mutex::default(), running: TaskTracker::new(), stop })
    }

    /// Freezes the set and counts it. Nothing is done.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn plan(&self, planned: Planned, work: Work) -> Result<Operation, PlanError> {
        let Planned { action, by, items, request, note } = planned;
        let (count, size) = (work.count(&items), items.len() as u64);
        let mut all = self.all();
        forget(&mut all);
        let held: u64 = all.iter().map(|one| one.held()).sum();
        match count {
            0 => return Err(PlanError::Empty),
            _ if size > MOST_ITEMS => return Err(PlanError::TooMany { count: size }),
            _ if held + size > MOST_HELD => return Err(PlanError::Busy { held }),
            _ => {}
        }
        let shown = Operation {
            id: Id::generate().to_string(),
            action,
            state: OperationState::Planned,
            by: by.who,
            planned_at: Timestamp::from_millis(clock::now_ms()),
            count,
            samples: items.iter().take(SAMPLES).cloned().collect(),
            done: 0,
            skipped: 0,
            failed: 0,
            failures: Vec::new(),
            ended_at: None,
        };
        let plan = Plan { items, work, request, note };
        all.push(Arc::new(One::new(shown.clone(), plan, self.stop.child_token())));
        Ok(shown)
    }

    /// Begins, if the count is the one that was planned. The audit has it before anything is done.
    ///
    /// # Errors
    /// See [`ConfirmError`].
    pub async fn confirm(
        &self,
        id: &str,
        count: u64,
        author: impl Into<Author>,
    ) -> Result<Operation, ConfirmError> {
        let one = self.find(id).ok_or(ConfirmError::Unknown)?;
        let shown = one.shown();
        if shown.state != OperationState::Planned {
            return Err(ConfirmError::Over);
        }
        if shown.count != count {
            return Err(ConfirmError::Count { count: shown.count, given: count });
        }
        let plan = one.take_plan().ok_or(ConfirmError::Over)?;
        let plan = Returned { one: Arc::clone(&one), plan: Some(plan) };
        let details = plan.details(&shown);
        let act =
            self.audit.begin(author, "confirmOperation", Target::Operation(id.to_owned()), details).await?;
        let Some(plan) = plan.keep() else { return Err(ConfirmError::Over) };
        one.show().state = OperationState::Running;
        let running = Arc::clone(&one);
        self.running.spawn(async move { running.run(plan, act).await });
        Ok(one.shown())
    }

    /// Stops one that runs, where it is; what was done stays. A plan is dropped.
    ///
    /// # Errors
    /// See [`ConfirmError`].
    pub async fn abort(&self, id: &str, author: impl Into<Author>) -> Result<Operation, ConfirmError> {
        let one = self.find(id).ok_or(ConfirmError::Unknown)?;
        let shown = one.shown();
        if shown.ended_at.is_some() {
            return Err(ConfirmError::Over);
        }
        let target = Target::Operation(id.to_owned());
        let act = self.audit.begin(author, "abortOperation", target, Details::default()).await?;
        one.abort.cancel();
        one.drop_plan();
        let shown = one.shown();
        act.done(Details {
            after: Some(json!({ "done": shown.done, "of": shown.count })),
            ..Details::default()
        })
        .await;
        Ok(shown)
    }

    /// One operation.
    pub fn get(&self, id: &str) -> Option<Operation> {
        self.find(id).map(|one| one.shown())
    }

    /// All that are remembered, the newest first.
    pub fn list(&self) -> Vec<Operation> {
        let mut all = self.all();
        forget(&mut all);
        all.iter().rev().map(|one| one.shown()).collect()
    }

    /// Waits until those that run have ended, which they do after `stop`. Called by `main` at the end.
    pub async fn wait(&self) {
        self.running.close();
        self.running.wait().await;
    }

    fn find(&self, id: &str) -> Option<Arc<One>> {
        let mut all = self.all();
        forget(&mut all);
        all.iter().find(|one| one.show().id == id).cloned()
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<One>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Plans that nobody has confirmed in time, the oldest of too many plans, and the oldest of too many that have ended.
fn forget(all: &mut Vec<Arc<One>>) {
    all.retain(|one| !one.is_planned() || one.planned.elapsed() < FORGOTTEN_AFTER);
    let plans = all.iter().filter(|one| one.is_planned()).count();
    remove_oldest(all, plans.saturating_sub(MOST_PLANS), One::is_planned);
    let too_many = all.len().saturating_sub(MOST_SHOWN);
    remove_oldest(all, too_many, |one| one.shown().ended_at.is_some());
}

fn remove_oldest(all: &mut Vec<Arc<One>>, mut count: usize, which: impl Fn(&One) -> bool) {
    all.retain(|one| {
        let goes = count > 0 && which(one);
        count -= usize::from(goes);
        !goes
    });
}

/// A plan that goes back where it was unless it is kept: whoever confirms it may go away half-way.
struct Returned {
    one: Arc<One>,
    plan: Option<Plan>,
}

impl Returned {
    fn details(&self, shown: &Operation) -> Details {
        let plan = self.plan.as_ref();
        let request = json!({
            "action": shown.action,
            "filter": plan.map(|plan| &plan.request),
            "samples": shown.samples,
        });
        let note = plan.and_then(|plan| plan.note.clone());
        Details { count: Some(shown.count), request: Some(request), note, ..Details::default() }
    }

    fn keep(mut self) -> Option<Plan> {
        self.plan.take()
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        if let Some(plan) = self.plan.take() {
            self.one.put_back(plan);
        }
    }
}
