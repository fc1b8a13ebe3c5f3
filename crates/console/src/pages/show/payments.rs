//! `/payments`

use axum::{extract::Path, response::Response};
use common::{
    event::Id,
    operator::{ActAnswer, SettleAct},
};
use page_kit::Posted;

use super::{
    super::{again::Again, page::Page, reader::Reader, view::payments, visit::SignedIn},
    note,
};
use crate::failure::Failure;

/// Payments of one page.
const LISTED: usize = 50;

/// `GET /payments?after=`
pub(in crate::pages) async fn show(signed_in: SignedIn) -> Response {
    signed_in.answer(async |reader| page(&signed_in, reader, &Again::default()).await).await
}

async fn page(signed_in: &SignedIn, reader: &Reader, again: &Again) -> Result<Page, Failure> {
    let after: Option<Id> = signed_in.visit.query("after").parse().ok();
    let found = signed_in.app().owed(after.as_ref(), LISTED).await?;
    let last = found.owed.last().filter(|_| found.owed.len() == LISTED);
    let next = last.map(|owed| owed.payment.payment_id.as_str());
    Ok(payments::page(&found, next, reader, again))
}

/// `POST /payments/{id}/settle`
pub(in crate::pages) async fn settle(
    signed_in: SignedIn,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    match settled(&signed_in, &id, &posted).await {
        Ok(answer) => signed_in.done("/payments", &answer.message),
        Err(failure) => {
            let page = async |reader: &Reader, again: &Again| page(&signed_in, reader, again).await;
            signed_in.again(&payments::form(&id), posted, failure, page).await
        }
    }
}

async fn settled(signed_in: &SignedIn, id: &str, posted: &Posted) -> Result<ActAnswer, Failure> {
    signed_in.visit.check(posted).await?;
    let id: Id = id.parse().map_err(|_| Failure::not_found("There is no such payment."))?;
    let act = SettleAct { note: note(posted).unwrap_or_default() };
    signed_in.app().settle_payment(&signed_in.actor, &id, act).await
}
