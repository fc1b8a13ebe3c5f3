//! The messaging kit against real NATS servers, one for each test.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod beginning_again;
mod dead_letters;
mod delivery;
mod event_reader;
mod guilty;
mod handling;
mod listener;
mod operator;
mod outcomes;
mod permissions;
mod place;
mod provision;
mod publisher;
mod readiness;
mod replays;
mod replays_under_load;
mod replicas;
mod searches;
mod survival;
mod tls;
mod unavailable;
mod world;
