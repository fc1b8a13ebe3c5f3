//! Bodies of the API of `console`: what operators see and do, as JSON in camelCase. Its pages and `fleet` are made of them.
//!
//! Only optional fields may ever be added.

mod audit;
mod dead_letters;
mod operations;
mod orders;
mod status;
mod timers;

pub use audit::{AuditEntry, AuditOutcome, AuditPage};
pub use dead_letters::{
    DeadLetter, DeadLetterBrief, DeadLetterGroup, DeadLetterGroups, DeadLetterPage, Discard, Replay, Replayed,
};
pub use operations::{
    Confirm, DeadLetterFilter, Operation, OperationAction, OperationFailure, OperationPlan, OperationState,
    Operations, RetellFilter, TimerFilter,
};
pub use orders::{OrderReport, PathStep, Step};
pub use status::{
    ConsumerState, OutboxReport, OwedState, ProcessState, ServiceState, Status, StreamState, Trouble,
};
pub use timers::{Act, ActAnswer, Decider, MoveAct, PauseAct, ResumeAct, SettleAct};
