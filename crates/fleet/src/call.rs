//! The operations of the API. Every request goes through one of them, so that what `fleet` can do can be listed.

use axum::http::Method;
use serde::Serialize;

/// A call of one operation, named as its `operationId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    GetStatus,
    StreamStatus,
    GetOrder,
    ListTimers,
    ForecastTimers,
    FireTimer,
    MoveTimer,
    CancelTimer,
    PlanOperation,
    ConfirmOperation,
    AbortOperation,
    GetOperation,
    ListOperations,
    GetSchedule,
    PauseSchedule,
    ResumeSchedule,
    RebuildSchedule,
    ListDeadLetterGroups,
    ListDeadLetters,
    GetDeadLetter,
    ReplayDeadLetter,
    DiscardDeadLetter,
    ListOwed,
    SettlePayment,
    ListAudit,
}

/// What `fleet covered` says of one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Covered {
    operation_id: &'static str,
    method: &'static str,
    path: &'static str,
    /// A command line that calls it, where capitals stand for what is to be filled in.
    command: String,
}

impl Call {
    /// Every one of them.
    pub(crate) const ALL: [Self; 25] = [
        Self::GetStatus,
        Self::StreamStatus,
        Self::GetOrder,
        Self::ListTimers,
        Self::ForecastTimers,
        Self::FireTimer,
        Self::MoveTimer,
        Self::CancelTimer,
        Self::PlanOperation,
        Self::ConfirmOperation,
        Self::AbortOperation,
        Self::GetOperation,
        Self::ListOperations,
        Self::GetSchedule,
        Self::PauseSchedule,
        Self::ResumeSchedule,
        Self::RebuildSchedule,
        Self::ListDeadLetterGroups,
        Self::ListDeadLetters,
        Self::GetDeadLetter,
        Self::ReplayDeadLetter,
        Self::DiscardDeadLetter,
        Self::ListOwed,
        Self::SettlePayment,
        Self::ListAudit,
    ];

    /// As the API's document names it.
    pub(crate) fn id(self) -> &'static str {
        self.parts().0
    }

    /// How it is asked.
    pub(crate) fn method(self) -> Method {
        self.parts().1
    }

    /// Where, with `{id}` or `{sequence}` for what is to be filled in.
    pub(crate) fn path(self) -> &'static str {
        self.parts().2
    }

    /// Where, of this thing.
    pub(crate) fn path_of(self, thing: &str) -> String {
        self.path().replace("{id}", thing).replace("{sequence}", thing)
    }

    /// What `fleet covered` says of it.
    pub(crate) fn covered(self) -> Covered {
        let (operation_id, method, path, command) = self.parts();
        let method = if method == Method::GET { "GET" } else { "POST" };
        Covered { operation_id, method, path, command: format!("fleet {command}") }
    }

    fn parts(self) -> (&'static str, Method, &'static str, &'static str) {
        const GET: Method = Method::GET;
        const POST: Method = Method::POST;
        match self {
            Self::GetStatus => ("getStatus", GET, "/api/status", "status"),
            Self::StreamStatus => ("streamStatus", GET, "/api/live", "top"),
            Self::GetOrder => ("getOrder", GET, "/api/orders/{id}", "order ID"),
            Self::ListTimers => ("listTimers", GET, "/api/timers", "timers list"),
            Self::ForecastTimers => ("forecastTimers", GET, "/api/timers/forecast", "timers due"),
            Self::FireTimer => ("fireTimer", POST, "/api/timers/{id}/fire", "timers fire ID"),
            Self::MoveTimer => ("moveTimer", POST, "/api/timers/{id}/move", "timers move ID --by 10m"),
            Self::CancelTimer => ("cancelTimer", POST, "/api/timers/{id}/cancel", "timers cancel ID"),
            Self::PlanOperation => ("planOperation", POST, "/api/operations", "timers cancel --due-to now"),
            Self::ConfirmOperation => (
                "confirmOperation",
                POST,
                "/api/operations/{id}/confirm",
                "timers cancel --due-to now --yes --count 2",
            ),
            Self::AbortOperation => {
                ("abortOperation", POST, "/api/operations/{id}/abort", "operations abort ID")
            }
            Self::GetOperation => ("getOperation", GET, "/api/operations/{id}", "operations show ID"),
            Self::ListOperations => ("listOperations", GET, "/api/operations", "operations list"),
            Self::GetSchedule => ("getSchedule", GET, "/api/schedule", "rebuild"),
            Self::PauseSchedule => ("pauseSchedule", POST, "/api/pause", "pause --for 10m"),
            Self::ResumeSchedule => ("resumeSchedule", POST, "/api/resume", "resume"),
            Self::RebuildSchedule => ("rebuildSchedule", POST, "/api/rebuild", "rebuild --no-wait"),
            Self::ListDeadLetterGroups => {
                ("listDeadLetterGroups", GET, "/api/dead-letters/groups", "dead-letters groups")
            }
            Self::ListDeadLetters => ("listDeadLetters", GET, "/api/dead-letters", "dead-letters list"),
            Self::GetDeadLetter => {
                ("getDeadLetter", GET, "/api/dead-letters/{sequence}", "dead-letters show 1")
            }
            Self::ReplayDeadLetter => {
                ("replayDeadLetter", POST, "/api/dead-letters/{sequence}/replay", "dead-letters replay 1")
            }
            Self::DiscardDeadLetter => (
                "discardDeadLetter",
                POST,
                "/api/dead-letters/{sequence}/discard",
                "dead-letters discard 1 --note WHY",
            ),
            Self::ListOwed => ("listOwed", GET, "/api/payments/owed", "payments owed"),
            Self::SettlePayment => {
                ("settlePayment", POST, "/api/payments/{id}/settle", "payments settle ID --note WHY")
            }
            Self::ListAudit => ("listAudit", GET, "/api/audit", "audit"),
        }
    }
}
