//! The auth service on a real Postgres.
//!
//! One binary for all of it: it links once, and its tests share one Postgres, each with a database of its own.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod api;
mod bad_input;
mod http;
mod in_flight;
mod limits;
mod openapi;
mod process;
mod races;
