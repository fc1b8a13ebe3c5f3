//! The messaging kit: JetStream as the fleet uses it, and the only code that publishes and acks.
//!
//! - [`topology`] is the streams and consumers as data, [`Provisioner`] creates what is missing of them;
//! - [`Publisher`] stores events, each with a stable id, and answers for each whether it is stored;
//! - [`Consumer`] pulls batches, hands them to a [`Handler`] and does with each message what its [`Outcome`] says;
//! - what can't be handled goes to the dead letters, exactly once, and nothing is dropped with only a log line
//!   (`settle` decides when, `dead_letter` writes it, and `dead_letter/overflow` has what there is no room for).
//!
//! Dead letters come back by a [`Replayer`], which `console` has: `operator` is all that it does on the broker.
//!
//! [`Broker`] is the connection that all of them share. A [`Listener`] has one of its own, on which it overhears events as
//! they are published: nothing is kept for it.

mod api;
mod batch;
mod broker;
mod broker_clock;
mod claim_header;
mod connection;
mod consumer;
mod dead_letter;
pub mod dead_letter_header;
pub mod differences;
mod event_check;
mod event_reader;
mod floor;
mod handler;
mod handler_run;
mod incarnation;
mod listener;
mod operator;
mod origin;
mod permissions;
mod place;
mod progress;
mod provision;
mod publisher;
mod pull;
mod pump;
mod received;
mod refusals;
mod room;
mod settings;
mod settle;
mod stored;
pub mod topology;

pub use broker::Broker;
pub use claim_header::{CLAIM, ClaimHeader, InvalidClaim};
pub use connection::secured;
pub use consumer::{Consumer, ConsumerOptions};
pub use event_check::{InvalidBody, check_event, read_event};
pub use event_reader::{EventReader, ReadFrom, StoredEvent};
pub use floor::Floor;
pub use handler::{BatchError, Delivery, Handler, Outcome};
pub use listener::{Heard, Listener};
pub use operator::{
    AuditLog, AuditSearch, ConsumerLook, DeadLetterBox, EventSearch, Letter, LetterState, LetterTail, Queued,
    ReplayError, Replayer, StreamLook,
};
pub use permissions::Permissions;
pub use place::{Place, StreamState};
pub use provision::{ProvisionError, Provisioner, check_server};
pub use publisher::{Ambiguity, Outgoing, PublishBatch, PublishError, Publisher, Stored};
pub use settings::{NatsServers, NatsSettings};
pub use stored::StoredMessage;
