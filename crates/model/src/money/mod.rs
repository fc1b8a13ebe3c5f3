//! Money: `orders` decides, `payments` authorises and settles, the provider holds the money, the broker carries the events.
//!
//! Steps of the environment are buyers, webhooks, crashes, lost answers, requests that reach the provider long after
//! their sender has given up, events delivered again, and a settler that goes on after its lease.
//!
//! A crash takes what the state calls memory; rows, stored events and the provider's books stay. Small steps that
//! nobody can see apart are one step: a handler's transaction is one, a request to the provider is three (asked, done,
//! its answer committed). Webhooks need no place in the state: at any moment the provider may tell, or tell again,
//! anything that was ever true, which is every loss, delay, repetition and order at once.
//!
//! What must hold is in `properties.rs`; "settled in the end" is a property of the states in which runs end.
//!
//! With one payment anything fails any number of times; with two the states would be too many, so faults are counted.
//!
//! The broker may lose `payment:created` and the decisions about it, which telling again mends; the loss of the other two
//! events is mended by whoever compares streams with tables, and is not here.
//!
//! Left out: what the provider does by itself to an authorisation (it lapses after days), keys that it has forgotten
//! (after a day), and the bound after which expiry goes on although the payments consumer is stuck. In all three a
//! person is told.

mod apply;
mod checking;
mod enabled;
mod events;
mod mistake;
mod orders;
mod payments;
mod progress;
mod properties;
mod provider;
mod scope;
mod state;
mod step;
mod system;
mod telling_again;

pub use mistake::Mistake;
pub use properties::name;
pub use provider::Luck;
pub use scope::{Kind, Plan, Scope};
pub use state::{Answer, Request, State};
pub use step::{Event, Service, Step};
pub use system::System;
