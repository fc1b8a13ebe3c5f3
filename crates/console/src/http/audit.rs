//! `/api/audit`

use axum::{Json, extract::State};
use common::{api::ErrorBody, operator::AuditPage};

use super::query::Parameters;
use crate::{app::App, audit::AuditFilter, failure::Failure};

/// Entries of a page for whoever asks for no number.
const DEFAULT: usize = 100;

/// Who did what, and what was refused, the newest first, in pages.
#[utoipa::path(
    get,
    path = "/api/audit",
    operation_id = "listAudit",
    params(
        ("who" = Option<String>, Query, description = "By this name."),
        ("action" = Option<String>, Query, description = "This operation of the API."),
        ("target" = Option<String>, Query, description = "About this, such as `order 65f0`."),
        ("text" = Option<String>, Query, description = "With this text anywhere."),
        ("before" = Option<u64>, Query, description = "The sequence `next` of the page before."),
        ("limit" = Option<u32>, Query, description = "At most so many, 1 to 500. Without it 100."),
    ),
    responses(
        (status = 200, description = "A page. It may have fewer than match, and go on all the same.", body = AuditPage),
        (status = 400, description = "A parameter is not valid.", body = ErrorBody),
    )
)]
pub(super) async fn list(State(app): State<App>, query: Parameters) -> Result<Json<AuditPage>, Failure> {
    let filter = AuditFilter {
        who: query.text("who"),
        action: query.text("action"),
        target: query.text("target"),
        text: query.text("text"),
        before: query.sequence("before")?,
        limit: query.limit(DEFAULT)?,
    };
    app.audit(filter).await.map(Json)
}
