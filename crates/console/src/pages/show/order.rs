//! `/orders`

use axum::{extract::Path, response::Response};
use common::{
    event::Id,
    operator::{Act, ActAnswer, MoveAct},
};
use page_kit::Posted;

use super::{
    super::{
        again::Again,
        link,
        page::Page,
        reader::Reader,
        typed, view,
        view::timer::{CANCEL, FIRE, MOVE},
        visit::{SignedIn, Visit},
    },
    note, wrong,
};
use crate::failure::Failure;

/// `GET /orders?id=`: on to the order's page.
pub(in crate::pages) async fn find(signed_in: SignedIn) -> Response {
    let typed = signed_in.visit.query("id");
    match read(typed.trim()) {
        Ok(id) => Visit::see(&link::order(id.as_str())),
        Err(failure) => signed_in.answer(async |_| Err(failure)).await,
    }
}

/// `GET /orders/{id}`
pub(in crate::pages) async fn show(signed_in: SignedIn, Path(id): Path<String>) -> Response {
    signed_in.answer(async |reader| page(&signed_in, &id, reader, &Again::default()).await).await
}

/// `POST /orders/{id}/fire`
pub(in crate::pages) async fn fire(signed_in: SignedIn, Path(id): Path<String>, posted: Posted) -> Response {
    let act = async |order: &Id| {
        signed_in.app().fire_timer(&signed_in.actor, order, Act { note: note(&posted) }).await
    };
    let outcome = taken(&signed_in, &id, &posted, act).await;
    answer(&signed_in, &id, FIRE, posted, outcome).await
}

/// `POST /orders/{id}/cancel`
pub(in crate::pages) async fn cancel(
    signed_in: SignedIn,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let act = async |order: &Id| {
        signed_in.app().cancel_timer(&signed_in.actor, order, Act { note: note(&posted) }).await
    };
    let outcome = taken(&signed_in, &id, &posted, act).await;
    answer(&signed_in, &id, CANCEL, posted, outcome).await
}

/// `POST /orders/{id}/move`
pub(in crate::pages) async fn postpone(
    signed_in: SignedIn,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let act = async |order: &Id| {
        let by_ms = typed::optional(posted.text("byMs"), typed::span_ms).map_err(wrong("byMs"))?;
        let to = typed::optional(posted.text("to"), typed::instant).map_err(wrong("to"))?;
        let act = MoveAct { to, by_ms, note: note(&posted) };
        signed_in.app().move_timer(&signed_in.actor, order, act).await
    };
    let outcome = taken(&signed_in, &id, &posted, act).await;
    answer(&signed_in, &id, MOVE, posted, outcome).await
}

fn read(id: &str) -> Result<Id, Failure> {
    id.parse().map_err(|error| Failure::field("id", format!("“{id}” is no order id: {error}")))
}

async fn page(signed_in: &SignedIn, id: &str, reader: &Reader, again: &Again) -> Result<Page, Failure> {
    let report = signed_in.app().order(&read(id)?).await?;
    Ok(view::order::page(&report, reader, again))
}

async fn taken(
    signed_in: &SignedIn,
    id: &str,
    posted: &Posted,
    act: impl AsyncFnOnce(&Id) -> Result<ActAnswer, Failure>,
) -> Result<ActAnswer, Failure> {
    signed_in.visit.check(posted).await?;
    act(&read(id)?).await
}

async fn answer(
    signed_in: &SignedIn,
    id: &str,
    form: &str,
    posted: Posted,
    outcome: Result<ActAnswer, Failure>,
) -> Response {
    match outcome {
        Ok(answer) => signed_in.done(&link::order(id), &answer.message),
        Err(failure) => {
            signed_in
                .again(form, posted, failure, async |reader, again| page(signed_in, id, reader, again).await)
                .await
        }
    }
}
