//! The payments service on real servers, and a stand-in for the provider.
//!
//! One binary for all of it: it links once, and its tests share one Postgres, each with a database of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod api;
mod bad_input;
mod crashes;
mod faults;
mod http;
mod internal;
mod openapi;
mod orders;
mod pages;
mod platform;
mod process;
mod races;
mod retell;
mod settle;
mod tls;
mod webhooks;
mod world;
