//! The API of console: one function an operation, named by its `operationId`.

mod events;
mod query;
mod transport;

use common::{
    event::Id,
    internal::{Forecast, OwedPayments, RebuildAnswer, ScheduleState, TimerPage},
    operator::{
        Act, ActAnswer, AuditPage, Confirm, DeadLetter, DeadLetterGroups, DeadLetterPage, Discard, MoveAct,
        Operation, OperationPlan, Operations, OrderReport, PauseAct, Replay, Replayed, ResumeAct, SettleAct,
        Status,
    },
};
use serde::{Serialize, de::DeserializeOwned};

pub(crate) use events::Events;
pub(crate) use query::Query;
use transport::Transport;

use crate::{
    call::Call,
    cli::{AuditQuery, LetterList, TimerList},
    exit::Failure,
    settings::Settings,
};

/// Speaks to console. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Client(Transport);

/// An answer as it came, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct Answer<T> {
    /// The body as it is.
    pub(crate) body: String,
    /// What it says.
    pub(crate) value: T,
    /// When it was sent, by console's clock, in ms since the Unix epoch.
    pub(crate) now_ms: i64,
}

type Result<T> = std::result::Result<Answer<T>, Failure>;

impl Client {
    /// # Errors
    /// When TLS is needed and the system has no certificates to trust.
    pub(crate) fn new(settings: &Settings) -> std::result::Result<Self, Failure> {
        Transport::new(settings).map(Self)
    }

    /// Where console is.
    pub(crate) fn address(&self) -> &str {
        self.0.address()
    }

    pub(crate) async fn get_status(&self) -> Result<Status> {
        self.get(Call::GetStatus, None, Query::default()).await
    }

    /// The status each time that it changes.
    pub(crate) async fn stream_status(&self) -> std::result::Result<Events, Failure> {
        self.0.stream(Call::StreamStatus).await.map(Events::new)
    }

    pub(crate) async fn get_order(&self, id: &Id) -> Result<OrderReport> {
        self.get(Call::GetOrder, Some(id.as_str()), Query::default()).await
    }

    pub(crate) async fn list_timers(&self, list: &TimerList) -> Result<TimerPage> {
        let query = Query::default()
            .with("from", list.from.map(crate::when::When::today))
            .with("to", list.to.map(crate::when::When::today))
            .with("after", list.after.as_ref())
            .with("limit", list.limit);
        self.get(Call::ListTimers, None, query).await
    }

    pub(crate) async fn forecast_timers(&self) -> Result<Forecast> {
        self.get(Call::ForecastTimers, None, Query::default()).await
    }

    pub(crate) async fn fire_timer(&self, id: &Id, act: &Act) -> Result<ActAnswer> {
        self.post(Call::FireTimer, Some(id.as_str()), act).await
    }

    pub(crate) async fn move_timer(&self, id: &Id, act: &MoveAct) -> Result<ActAnswer> {
        self.post(Call::MoveTimer, Some(id.as_str()), act).await
    }

    pub(crate) async fn cancel_timer(&self, id: &Id, act: &Act) -> Result<ActAnswer> {
        self.post(Call::CancelTimer, Some(id.as_str()), act).await
    }

    pub(crate) async fn plan_operation(&self, plan: &OperationPlan) -> Result<Operation> {
        self.post(Call::PlanOperation, None, plan).await
    }

    pub(crate) async fn confirm_operation(&self, id: &str, count: u64) -> Result<Operation> {
        self.post(Call::ConfirmOperation, Some(id), &Confirm { count }).await
    }

    pub(crate) async fn abort_operation(&self, id: &str) -> Result<Operation> {
        self.0.call(Call::AbortOperation, Call::AbortOperation.path_of(id), None).await
    }

    pub(crate) async fn get_operation(&self, id: &str) -> Result<Operation> {
        self.get(Call::GetOperation, Some(id), Query::default()).await
    }

    pub(crate) async fn list_operations(&self) -> Result<Operations> {
        self.get(Call::ListOperations, None, Query::default()).await
    }

    pub(crate) async fn get_schedule(&self) -> Result<ScheduleState> {
        self.get(Call::GetSchedule, None, Query::default()).await
    }

    pub(crate) async fn rebuild_schedule(&self, act: &Act) -> Result<RebuildAnswer> {
        self.post(Call::RebuildSchedule, None, act).await
    }

    pub(crate) async fn pause_schedule(&self, act: &PauseAct) -> Result<ScheduleState> {
        self.post(Call::PauseSchedule, None, act).await
    }

    pub(crate) async fn resume_schedule(&self, act: &ResumeAct) -> Result<ScheduleState> {
        self.post(Call::ResumeSchedule, None, act).await
    }

    pub(crate) async fn list_dead_letter_groups(&self) -> Result<DeadLetterGroups> {
        self.get(Call::ListDeadLetterGroups, None, Query::default()).await
    }

    pub(crate) async fn list_dead_letters(&self, list: &LetterList) -> Result<DeadLetterPage> {
        let query = Query::default()
            .with("group", list.filter.group.as_ref())
            .with("consumer", list.filter.consumer.as_ref())
            .with("order", list.filter.order.as_ref())
            .with("after", list.after)
            .with("limit", list.limit);
        self.get(Call::ListDeadLetters, None, query).await
    }

    pub(crate) async fn get_dead_letter(&self, sequence: u64) -> Result<DeadLetter> {
        self.get(Call::GetDeadLetter, Some(&sequence.to_string()), Query::default()).await
    }

    pub(crate) async fn replay_dead_letter(&self, sequence: u64, replay: &Replay) -> Result<Replayed> {
        self.post(Call::ReplayDeadLetter, Some(&sequence.to_string()), replay).await
    }

    pub(crate) async fn discard_dead_letter(&self, sequence: u64, discard: &Discard) -> Result<Replayed> {
        self.post(Call::DiscardDeadLetter, Some(&sequence.to_string()), discard).await
    }

    pub(crate) async fn list_owed(&self, after: Option<&Id>, limit: Option<u32>) -> Result<OwedPayments> {
        let query = Query::default().with("after", after).with("limit", limit);
        self.get(Call::ListOwed, None, query).await
    }

    pub(crate) async fn settle_payment(&self, id: &Id, act: &SettleAct) -> Result<ActAnswer> {
        self.post(Call::SettlePayment, Some(id.as_str()), act).await
    }

    pub(crate) async fn list_audit(&self, query: &AuditQuery) -> Result<AuditPage> {
        let query = Query::default()
            .with("who", query.who.as_ref())
            .with("action", query.action.as_ref())
            .with("target", query.target.as_ref())
            .with("text", query.text.as_ref())
            .with("before", query.before)
            .with("limit", query.limit);
        self.get(Call::ListAudit, None, query).await
    }

    async fn get<T: DeserializeOwned>(&self, call: Call, thing: Option<&str>, query: Query) -> Result<T> {
        self.0.call(call, query.on(call.path_of(thing.unwrap_or_default())), None).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        call: Call,
        thing: Option<&str>,
        body: &impl Serialize,
    ) -> Result<T> {
        let body = serde_json::to_string(body)
            .map_err(|error| Failure::failed(format!("write the request: {error}")))?;
        self.0.call(call, call.path_of(thing.unwrap_or_default()), Some(body)).await
    }
}
