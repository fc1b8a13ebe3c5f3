//! What must always hold, I1 to I12, judged from outside: by what people were answered, what the streams and the databases
//! keep, and what the provider's books say.
//!
//! A [`Record`] is what the outside saw, [`Bounds`] say what was broken meanwhile and when, [`Facts`] add what is there in
//! the end, and [`check`] is a pure function of them. Whoever breaks something writes it down: each invariant is as strong
//! as the harm that was in force lets it be, and in health no excuse is taken.

mod bounds;
mod collect;
mod facts;
mod invariants;
mod quiescence;
mod record;
pub mod streams;
pub mod text;
mod unknown;

pub use bounds::{Bounds, Effect, Harm, Part};
pub use facts::{
    At, ConsumerPlace, DeadLetter, Facts, ForeignMessage, OrderCopy, OrderRow, OutboxRow, PaymentRow,
    Purchase, TicketCopy, TicketRow, Unreadable,
};
pub use invariants::{Lateness, Verdict, check};
pub use quiescence::{Addresses, Quiescence};
pub use record::{
    Cancellation, Canceller, Doubtful, Edit, Extension, Foreign, Heard, Known, Paid, Placed, Poison, Record,
};
