//! The outbox and its relay on a real Postgres and a real NATS.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod depth;
mod gap;
mod listener;
mod loss;
mod marks;
mod random;
mod relay;
mod running;
mod waits;
mod world;
