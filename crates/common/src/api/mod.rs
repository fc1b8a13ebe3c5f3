//! Bodies of the HTTP APIs: what the services answer and what clients send them, as JSON in camelCase.
//!
//! Only optional fields may ever be added. What a body has to look like to be taken is for the service that reads it.

mod error;
mod order;
mod payment;
mod ticket;
mod user;

pub use error::{ErrorBody, FieldError};
pub use order::{NewOrderBody, OrderBody, OrderPaymentBody, OrderTicketBody};
pub use payment::{BegunPaymentBody, NewPaymentBody, PaymentBody, PaymentStatus, UnknownPaymentStatus};
pub use ticket::{TicketBody, TicketDraftBody};
pub use user::{CredentialsBody, CurrentUserBody, NewAccountBody, SignedOutBody, UserBody};
