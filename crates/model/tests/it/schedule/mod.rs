//! The protocol of the schedule.

mod right;
mod scopes;
mod wrong;
