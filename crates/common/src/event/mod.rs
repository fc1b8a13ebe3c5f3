//! The wire contract: one type for each event, byte for byte what services in other languages speak.
//!
//! Bodies are JSON in camelCase, instants are RFC 3339 UTC with exactly milliseconds, readers ignore unknown
//! fields, and only optional fields may ever be added.

mod expiration;
mod id;
mod order;
mod payment;
mod price;
mod schema;
mod subject;
mod ticket;
mod timestamp;

pub use expiration::ExpirationComplete;
pub use id::{Id, InvalidId};
pub use order::{
    CancelledTicket, CompletedTicket, OrderCancelled, OrderCompleted, OrderCreated, OrderExtended,
    OrderStatus, OrderedTicket, UnknownStatus,
};
pub use payment::{PaymentCreated, PaymentRejected, PaymentSettled, SettledOutcome, UnknownOutcome};
pub use price::{InvalidPrice, Price};
pub use subject::{Subject, UnknownSubject};
pub use ticket::{TicketCreated, TicketUpdated};
pub use timestamp::{InvalidTimestamp, Timestamp};

use serde::{Serialize, de::DeserializeOwned};

/// A fact that a service publishes, past tense, with the subject that it travels on.
pub trait Event: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The subject that carries this event, and with it its publisher and listeners.
    const SUBJECT: Subject;
}
