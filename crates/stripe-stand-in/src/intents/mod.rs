//! What calls do to PaymentIntents.

mod attempt;
mod calls;
mod create;

pub(crate) use calls::not_expandable;
pub(crate) use create::read_capture_method;
