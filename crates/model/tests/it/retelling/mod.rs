//! The protocol of telling again.

mod right;
mod scopes;
mod wrong;
