//! The contract between the services, and nothing else: events, subjects, who publishes and who listens, bodies of the
//! HTTP APIs, trace context, and the clock. No I/O.

pub mod api;
pub mod clock;
pub mod event;
mod service;
pub mod traceparent;

pub use service::{Service, UnknownService};
