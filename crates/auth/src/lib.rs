//! The service that knows who somebody is.
//!
//! Requests come in through [`http`], which asks the [`accounts`]; they ask the [`store`], which is the only one to
//! speak SQL, and have [`password`] hashed. The session is in the cookie: nothing here remembers who is signed in.

pub mod accounts;
pub mod config;
pub mod email;
pub mod http;
pub mod limit;
pub mod password;
pub mod pruner;
mod queue;
mod shared_address;
pub mod store;
