//! Acts on many: the set is frozen and counted by the plan, and worked through once its count is confirmed.

use common::operator::{Confirm, Operation, OperationAction, OperationPlan};

use super::{R, needed_note, note, request, unwritten};
use crate::{
    access::Actor,
    app::{App, no_operation},
    audit::Target,
    failure::Failure,
    operations::{ConfirmError, PlanError, Planned, Work},
    timers::{self, Change, Wish, select},
};

impl App {
    /// Counts and freezes what an act on many is about. Nothing is done by it.
    ///
    /// # Errors
    /// 400 with the field, 503 a service that knows the set is away.
    pub async fn plan_operation(&self, actor: &Actor, plan: OperationPlan) -> R<Operation> {
        self.allow(actor, "planOperation", &Target::Console)?;
        if plan.retell.is_some() && plan.action != OperationAction::RetellEvents {
            return Err(Failure::field("retell", "retell belongs to retellEvents alone"));
        }
        let note = match plan.action {
            OperationAction::DiscardDeadLetters => {
                Some(needed_note(plan.note.as_deref().unwrap_or_default())?)
            }
            _ => note(plan.note.as_deref())?,
        };
        let (items, work) = match plan.action {
            OperationAction::ReplayDeadLetters | OperationAction::DiscardDeadLetters => {
                self.letters(&plan)?
            }
            OperationAction::RetellEvents => self.retelling(&plan).await?,
            _ => self.timers_of(&plan).await?,
        };
        let planned = Planned { action: plan.action, by: actor.into(), items, request: asked(plan), note };
        self.0.operations.plan(planned, work).map_err(|error| match error {
            PlanError::Busy { .. } => Failure::conflict(error.to_string()),
            PlanError::Empty | PlanError::TooMany { .. } => Failure::bad_request(error.to_string()),
        })
    }

    /// Begins what was planned, if its count is the one that is confirmed.
    ///
    /// # Errors
    /// 404, 409 another count or not planned any more, 503 it can't be written down.
    pub async fn confirm_operation(&self, actor: &Actor, id: &str, confirm: Confirm) -> R<Operation> {
        self.allow(actor, "confirmOperation", &Target::Operation(id.to_owned()))?;
        let confirmed = self.0.operations.confirm(id, confirm.count, actor).await;
        confirmed.map_err(|error| match error {
            ConfirmError::Unknown => no_operation(id),
            ConfirmError::Unwritten(error) => unwritten(&error),
            other => Failure::conflict(other.to_string()),
        })
    }

    /// Stops an act on many; what was done stays.
    ///
    /// # Errors
    /// 404, 409 it is over.
    pub async fn abort_operation(&self, actor: &Actor, id: &str) -> R<Operation> {
        self.allow(actor, "abortOperation", &Target::Operation(id.to_owned()))?;
        self.0.operations.abort(id, actor).await.map_err(|error| match error {
            ConfirmError::Unknown => no_operation(id),
            ConfirmError::Unwritten(error) => unwritten(&error),
            other => Failure::conflict(other.to_string()),
        })
    }

    fn letters(&self, plan: &OperationPlan) -> R<(Vec<String>, Work)> {
        if plan.timers.is_some() {
            return Err(Failure::field("timers", "timers are not what this action is about"));
        }
        let filter = plan.dead_letters.clone().unwrap_or_default();
        let planned = match plan.action {
            OperationAction::DiscardDeadLetters => self.0.dead_letters.plan_discard(&filter),
            _ => self.0.dead_letters.plan_replay(&filter),
        };
        planned.map_err(|error| Failure::away(error.to_string()))
    }

    async fn timers_of(&self, plan: &OperationPlan) -> R<(Vec<String>, Work)> {
        if plan.dead_letters.is_some() {
            return Err(Failure::field("deadLetters", "dead letters are not what this action is about"));
        }
        let change = match (plan.action, plan.to, plan.by_ms) {
            (OperationAction::MoveTimers, to, by_ms) => Change::Move(Wish::of(to, by_ms)?),
            (_, None, None) if plan.action == OperationAction::FireTimers => Change::Fire,
            (_, None, None) => Change::Cancel,
            _ => return Err(Failure::field("to", "to and byMs belong to moveTimers alone")),
        };
        let filter = plan.timers.as_ref();
        let filter = filter
            .ok_or_else(|| Failure::field("timers", "timers must say which: ids, dueFrom and dueTo"))?;
        let ids = select(&self.0.peers, filter).await?;
        Ok((ids.iter().map(ToString::to_string).collect(), timers::work(self.0.peers.clone(), change)))
    }
}

/// What was asked for, for the audit: of ids, how many.
fn asked(mut plan: OperationPlan) -> serde_json::Value {
    plan.note = None;
    let ids = plan.timers.as_mut().and_then(|timers| timers.ids.take());
    let mut value = request(&plan).unwrap_or_default();
    if let (Some(ids), Some(fields)) = (ids, value.as_object_mut()) {
        fields.insert("ids".to_owned(), ids.len().into());
    }
    value
}
