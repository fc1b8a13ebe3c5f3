//! The service that sells tickets and reserves them for orders.
//!
//! Messages come in through [`handlers`], requests through [`http`]; both ask the [`store`], which is the only one to
//! speak SQL. What the others have to know leaves through the outbox. [`ticket`] holds the rules.

pub mod config;
pub mod handlers;
pub mod http;
pub mod janitor;
pub mod store;
pub mod ticket;
