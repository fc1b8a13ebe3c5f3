//! `/audit`

use axum::response::Response;

use super::super::{
    reader::Reader,
    view::audit::{self, Search},
    visit::SignedIn,
};
use crate::audit::AuditFilter;

/// Entries of one page.
const LISTED: usize = 100;

/// `GET /audit?who=&action=&target=&text=&before=`
pub(in crate::pages) async fn show(signed_in: SignedIn) -> Response {
    let visit = &signed_in.visit;
    let search = Search {
        who: visit.query("who"),
        action: visit.query("action"),
        target: visit.query("target"),
        text: visit.query("text"),
    };
    let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = AuditFilter {
        who: given(&search.who),
        action: given(&search.action),
        target: given(&search.target),
        text: given(&search.text),
        before: visit.query("before").parse().ok(),
        limit: LISTED,
    };
    let page =
        async |reader: &Reader| Ok(audit::page(&signed_in.app().audit(filter).await?, &search, reader));
    signed_in.answer(page).await
}
