//! The contract between the services, and nothing else: events, subjects, who publishes and who listens, bodies of the
//! HTTP APIs, trace context, and the clock. No I/O.

pub mod api;
pub mod clock;
pub mod event;
pub mod traceparent;
