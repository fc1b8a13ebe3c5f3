//! `/operations`

use axum::{
    extract::Path,
    http::{HeaderName, HeaderValue},
    response::Response,
};
use common::operator::{Confirm, Operation, OperationState};
use page_kit::Posted;

use super::{
    super::{
        again::Again,
        link,
        reader::Reader,
        typed,
        view::{
            self,
            operation::{ABORT, CONFIRM},
        },
        visit::SignedIn,
    },
    wrong,
};
use crate::failure::Failure;

const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// `GET /operations`
pub(in crate::pages) async fn list(signed_in: SignedIn) -> Response {
    let page =
        async |reader: &Reader| Ok(view::operations::page(&signed_in.app().operations().await?, reader));
    signed_in.answer(page).await
}

/// `GET /operations/{id}?refresh=1`
pub(in crate::pages) async fn show(signed_in: SignedIn, Path(id): Path<String>) -> Response {
    let refreshes = signed_in.visit.query("refresh") == "1";
    let mut is_running = false;
    let page = async |reader: &Reader| {
        let operation = signed_in.app().operation(&id).await?;
        is_running = operation.state == OperationState::Running;
        Ok(view::operation::page(&operation, reader, &Again::default(), refreshes))
    };
    let mut response = signed_in.answer(page).await;
    if refreshes && is_running {
        response.headers_mut().insert(REFRESH, HeaderValue::from_static("2"));
    }
    response
}

/// `POST /operations/{id}/confirm`
pub(in crate::pages) async fn confirm(
    signed_in: SignedIn,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let outcome = confirmed(&signed_in, &id, &posted).await;
    answer(&signed_in, &id, CONFIRM, posted, outcome, "It has begun.").await
}

async fn confirmed(signed_in: &SignedIn, id: &str, posted: &Posted) -> Result<Operation, Failure> {
    signed_in.visit.check(posted).await?;
    let count = typed::count(posted.text("count")).map_err(wrong("count"))?;
    signed_in.app().confirm_operation(&signed_in.actor, id, Confirm { count }).await
}

/// `POST /operations/{id}/abort`
pub(in crate::pages) async fn abort(signed_in: SignedIn, Path(id): Path<String>, posted: Posted) -> Response {
    let outcome = match signed_in.visit.check(&posted).await {
        Ok(()) => signed_in.app().abort_operation(&signed_in.actor, &id).await,
        Err(failure) => Err(failure),
    };
    answer(&signed_in, &id, ABORT, posted, outcome, "It is stopped.").await
}

async fn answer(
    signed_in: &SignedIn,
    id: &str,
    form: &str,
    posted: Posted,
    outcome: Result<Operation, Failure>,
    notice: &str,
) -> Response {
    match outcome {
        Ok(_) => signed_in.done(&link::operation(id), notice),
        Err(failure) => {
            let page = async |reader: &Reader, again: &Again| {
                Ok(view::operation::page(&signed_in.app().operation(id).await?, reader, again, false))
            };
            signed_in.again(form, posted, failure, page).await
        }
    }
}
