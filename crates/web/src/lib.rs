//! HTTP as every service with an API speaks it: sessions, bodies, errors, pages, and what surrounds each request.
//!
//! A service writes handlers that are documented by `#[utoipa::path]`, collects them in an `OpenApiRouter`, and hands
//! that to [`into_router`]; what is for `console` alone goes to [`into_internal_router`]. No SQL and no business rules live here.

mod api;
mod arrived;
mod body;
mod error;
mod if_match;
mod internal;
mod origin;
mod page;
mod path;
mod query_string;
mod request_layer;
pub mod session;
mod since_query;
mod trace;

pub use api::into_router;
pub use arrived::Arrived;
pub use body::{Body, LONGEST_BODY};
pub use error::{ApiError, failed, turned_away};
pub use if_match::{IfMatch, etag};
pub use internal::into_internal_router;
pub use page::{Page, PageQuery, Paged};
pub use path::PathId;
pub use query_string::QueryString;
pub use session::{Sessions, User};
pub use since_query::SinceQuery;
pub use trace::Trace;
