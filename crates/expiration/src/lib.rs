//! Wakes `orders` at the instant when an order's time to pay is over.
//!
//! `order:created` comes in ([`handlers`]) and becomes a timer in Redis ([`schedule`]); when it is due, the
//! [`relay`] publishes `expiration:complete`. The [`monitor`] watches over all of it, and a [`rebuild`] brings back what Redis has
//! lost.

pub mod clocks;
pub mod config;
pub mod handlers;
pub mod http;
pub mod monitor;
pub mod rebuild;
pub mod relay;
pub mod schedule;
