//! Development only, never linked into a service: a stand-in for Stripe, with state, for tests, the demo and `cargo xtask up`.
//!
//! It is written from Stripe's public documentation (docs.stripe.com/api) and speaks what a shop needs that authorises, decides and
//! captures: PaymentIntents, Checkout Sessions with a hosted page, refunds, idempotency keys, signed webhooks. Messages are
//! Stripe's own where those are known. What it does not know it refuses, as Stripe refuses a misspelt parameter.
//!
//! A test orders what is to go wrong ([`StandIn::fault`], [`StandIn::set_webhook_mode`]) and sums up the money ([`StandIn::ledger`]).

mod api;
mod app;
mod auth;
mod calls;
mod charges;
mod clock;
mod currency;
mod error;
mod events;
mod faults;
mod form;
mod hosted_page;
mod idempotency;
mod ids;
mod intents;
mod ledger;
mod objects;
mod refunds;
mod server;
mod sessions;
mod signature;
mod stand_in;
mod state;
mod table;
mod tokens;
mod webhooks;

pub use calls::Call;
pub use faults::{Fault, RandomFaults};
pub use ledger::LedgerEntry;
pub use objects::IntentStatus;
pub use signature::sign_webhook;
pub use stand_in::{Builder, SentEvent, StandIn};
pub use webhooks::{Retries, WebhookMode};
