//! The orders service on real servers.
//!
//! One binary for all of it: it links once, and its tests share one Postgres, each with a database of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod api;
mod bad_input;
mod buyers;
mod crashes;
mod expire;
mod extend;
mod fleet;
mod handlers;
mod http;
mod internal;
mod internal_document;
mod lists;
mod openapi;
mod overtaking;
mod payments;
mod platform;
mod postgres;
mod process;
mod readiness;
mod retell;
mod sweeper;
mod tickets;
mod world;
