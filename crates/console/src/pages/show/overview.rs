//! `/`

use axum::response::Response;

use super::super::{view, visit::SignedIn};

/// `GET /`
pub(in crate::pages) async fn show(signed_in: SignedIn) -> Response {
    let status = signed_in.app().status().await;
    signed_in.answer(async |reader| Ok(view::overview::page(&status, reader))).await
}
