//! Telling again: the outbox and its relays, a broker that loses what it had acknowledged, and how that is mended.
//!
//! `orders` changes two orders of one seat, with outbox rows; relays publish, await PubAcks and delete. The broker may
//! lose its newest messages, with consumers that keep what they knew and are ahead of their stream then, or the whole
//! stream, which is made anew. A foreign service publishes to the same stream, so it may have grown again before anybody
//! looks. The listener is `tickets`.
//!
//! What a relay remembers, where, and when it may remember more is said in `relay.rs`; what is compared, what is told
//! again and in which order things are put right in `check.rs`; what must hold is in `properties.rs`.
//!
//! A pass has one row. Whatever may store an event twice (a relay that is killed, a PubAck that is missed) is counted, for
//! the stream has room for eight messages.
//!
//! Left out: what is lost between being handled and being remembered, with the relay killed and the sequence taken by a
//! foreign event before anybody looks; the duplicate window, because what is told again has a message id of its own; and
//! foreign events that are lost, of which nobody here has a row.

mod apply;
mod check;
mod checking;
mod enabled;
mod mistake;
mod progress;
mod properties;
mod relay;
mod scope;
mod state;
mod step;
mod stream;
mod system;
mod tickets;

pub use mistake::Mistake;
pub use properties::name;
pub use scope::Scope;
pub use state::State;
pub use step::Step;
pub use stream::Fact;
pub use system::System;
