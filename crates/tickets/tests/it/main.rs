//! The tickets service on real servers.
//!
//! One binary for all of it: it links once, and its tests share one Postgres, each with a database of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod api;
mod bad_input;
mod early;
mod hold;
mod http;
mod interleavings;
mod internal;
mod openapi;
mod platform;
mod process;
mod retell;
mod world;
