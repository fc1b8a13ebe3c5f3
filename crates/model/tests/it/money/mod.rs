//! The protocol of money.

mod right;
mod scopes;
mod wrong;
