//! What each route does: asks the operations of the API, and answers with a page.

pub(super) mod audit;
pub(super) mod consumers;
pub(super) mod dead_letter;
pub(super) mod dead_letters;
pub(super) mod operations;
pub(super) mod order;
pub(super) mod overview;
pub(super) mod payments;
pub(super) mod schedule;
pub(super) mod sign_in;

use axum::response::Response;
use page_kit::Posted;

use super::visit::SignedIn;
use crate::failure::Failure;

/// A path that leads nowhere, or a method that nothing takes.
pub(super) async fn nowhere(signed_in: SignedIn) -> Response {
    let failure = Failure::not_found("There is nothing at this address.");
    let reader = signed_in.reader().await;
    signed_in.visit.failed(&failure, &reader)
}

/// Why something is done, if that was typed.
fn note<const LONGEST: usize>(posted: &Posted<LONGEST>) -> Option<String> {
    let note = posted.text("note").trim();
    (!note.is_empty()).then(|| note.to_owned())
}

/// What is wrong with what was typed into a field.
fn wrong(field: &'static str) -> impl Fn(String) -> Failure {
    move |message| Failure::field(field, message)
}
