//! The command as a person runs it, against real NATS servers, one for each test.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod applying;
mod refusing;
mod showing;
mod users;
mod world;
