//! What Redis or a stream has lost of the schedule comes back, on real servers.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod beside;
mod ending;
mod model;
mod property;
mod redis_losses;
mod stream_losses;
mod takeover;
mod worker;
