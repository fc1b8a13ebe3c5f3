//! The stand-in over HTTP, as a shop and a buyer use it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod auth;
mod declines;
mod faults;
mod hosted_page;
mod idempotency;
mod intents;
mod lists;
mod money;
mod receiver;
mod refunds;
mod sessions;
mod shop;
mod signature;
mod webhooks;
