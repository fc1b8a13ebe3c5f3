//! The messaging kit against real NATS servers, one for each test.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod dead_letters;
mod guilty;
mod handling;
mod listener;
mod outcomes;
mod permissions;
mod provision;
mod publisher;
mod readiness;
mod replicas;
mod survival;
mod tls;
mod unavailable;
mod world;
