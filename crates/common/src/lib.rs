//! The contract between the services, and nothing else: events, subjects, who publishes and who listens, bodies of the
//! HTTP APIs for everybody ([`api`]), for `console` ([`internal`]) and for operators ([`operator`]), trace context, and the
//! clock. No I/O.

pub mod api;
pub mod clock;
pub mod event;
pub mod internal;
pub mod operator;
mod service;
pub mod traceparent;

pub use service::{Service, UnknownService};
