//! The transactional outbox and its relay, once, for every service that tells something.
//!
//! A service commits its change and the event that tells of it in one transaction ([`enqueue()`], or SQL of its own
//! that inserts into `outbox`), so one is never there without the other (I5). The [`Relay`] publishes what is in
//! the table and deletes exactly what the broker has acknowledged. A crash between the two publishes an event
//! again, with the same id. An event that the broker refuses is set aside and stops no other. No order between events is
//! promised.
//!
//! The broker may lose what it has acknowledged: a power cut, a restore, a stream that somebody deletes. Relays remember
//! up to where they have told (`told`), the [`Check`] finds that the stream does not have it any more, and what was changed since the
//! last instant that is safe (`marks`) is told again, by one statement of the service (a [`Retelling`]). The same mends what fell out of
//! the stream before a listener came for it (`taken`). Events of services that are not ours can't be told again by us.

mod check;
mod consume;
mod depth;
mod enqueue;
mod floor;
mod internal;
mod lifecycle;
mod marks;
mod mend;
mod operate;
mod places;
mod relay;
mod retell;
mod schema;
mod taken;
mod told;

pub use check::{Check, Checked};
pub use consume::batch_error;
pub use depth::state;
pub use enqueue::{enqueue, enqueue_all};
pub use internal::internal_routes;
pub use lifecycle::{spawn_check, spawn_relay};
pub use operate::Outbox;
pub use process::Wake;
pub use relay::{BATCH, Pass, Relay};
pub use retell::Retelling;
pub use schema::SCHEMA;
