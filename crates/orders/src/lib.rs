//! The service that takes orders and decides whether one is cancelled.
//!
//! Messages come in through [`handlers`], requests through [`http`]; both ask the [`store`], which is the only one to
//! speak SQL. What the others have to know leaves through the outbox. [`order`] holds the rules.

pub mod config;
pub mod handlers;
pub mod http;
pub mod order;
pub mod sampler;
pub mod store;
pub mod sweeper;
pub mod unsettled;
pub mod watermark;
