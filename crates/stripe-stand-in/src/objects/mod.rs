//! The objects of the API: what each holds and how it looks.

mod charge;
mod event;
mod intent;
mod refund;
mod session;

pub(crate) use charge::Charge;
pub(crate) use event::{Event, LATEST_VERSION, Origin};
pub use intent::IntentStatus;
pub(crate) use intent::{Intent, NewIntent, PaymentMethod};
pub(crate) use refund::Refund;
pub(crate) use session::{LineItem, Session, SessionStatus};
