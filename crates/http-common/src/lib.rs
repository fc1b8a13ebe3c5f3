//! One HTTP request, in or out, as every service and the shop have it: what needs neither a database nor a session.
//!
//! In: its name and trace, its time, metrics and line of log, the rest of its body. Out: a pool of connections with TLS, and the
//! addresses that settings give.

mod base_url;
mod client;
mod internal;
mod json;
mod name;
mod observe;
mod read_on;

pub use base_url::BaseUrl;
pub use client::{HttpsClient, Pool, https_client};
pub use internal::{InternalToken, internal};
pub use json::{InvalidJson, read_json};
pub use name::{REQUEST_ID, request_id, traceparent};
pub use observe::{Trouble, observe, span};
pub use read_on::read_on;
