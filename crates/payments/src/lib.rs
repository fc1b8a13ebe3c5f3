//! The service that takes the money: it authorises, `orders` decides, and then it captures or releases.
//!
//! Messages come in through [`handlers`], requests and webhooks through [`http`]; both ask the [`store`], which is the only
//! one to speak SQL. The [`cashier`] does what has to be done at the provider, which only [`stripe`] speaks to; the
//! [`settler`] has it done until it is. What the others have to know leaves through the outbox.

pub mod cashier;
pub mod config;
pub mod handlers;
pub mod http;
pub mod money;
pub mod payment;
pub mod pruner;
pub mod settler;
pub mod signature;
pub mod store;
pub mod stripe;
