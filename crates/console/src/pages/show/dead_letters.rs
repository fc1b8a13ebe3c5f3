//! `/dead-letters` and `/dead-letters/list`

use axum::response::Response;
use common::operator::{DeadLetterFilter, Operation, OperationAction, OperationPlan};
use page_kit::Posted;

use super::{
    super::{
        again::Again,
        link,
        page::Page,
        reader::Reader,
        view::dead_letters::{self, DISCARD_ALL, REPLAY_ALL},
        visit::SignedIn,
    },
    note,
    schedule::counted,
    wrong,
};
use crate::failure::Failure;

/// Letters of one page.
const LISTED: usize = 100;

/// `GET /dead-letters`
pub(in crate::pages) async fn groups(signed_in: SignedIn) -> Response {
    signed_in.answer(async |reader| all(&signed_in, reader, &Again::default()).await).await
}

async fn all(signed_in: &SignedIn, reader: &Reader, again: &Again) -> Result<Page, Failure> {
    Ok(dead_letters::groups(&signed_in.app().dead_letter_groups().await?, reader, again))
}

/// `GET /dead-letters/list?group=&consumer=&order=&after=`
pub(in crate::pages) async fn list(signed_in: SignedIn) -> Response {
    let visit = &signed_in.visit;
    let filter = filter(|name| visit.query(name));
    let after = visit.query("after").parse().ok();
    let matching =
        async |reader: &Reader| matching(&signed_in, &filter?, after, reader, &Again::default()).await;
    signed_in.answer(matching).await
}

async fn matching(
    signed_in: &SignedIn,
    filter: &DeadLetterFilter,
    after: Option<u64>,
    reader: &Reader,
    again: &Again,
) -> Result<Page, Failure> {
    let found = signed_in.app().dead_letters(filter, after, LISTED).await?;
    Ok(dead_letters::list(&found, filter, reader, again))
}

fn filter(typed: impl Fn(&str) -> String) -> Result<DeadLetterFilter, Failure> {
    let text = |name| Some(typed(name)).filter(|text| !text.trim().is_empty());
    let order = text("order").map(|order| order.trim().parse()).transpose();
    let order = order.map_err(|error| wrong("order")(format!("This is no order id: {error}")))?;
    Ok(DeadLetterFilter { group: text("group"), consumer: text("consumer"), order })
}

/// `POST /dead-letters/plan`: nothing is done but counted.
pub(in crate::pages) async fn plan(signed_in: SignedIn, posted: Posted) -> Response {
    match planned(&signed_in, &posted).await {
        Ok(operation) => signed_in.done(&link::operation(&operation.id), &counted(&operation)),
        Err(failure) => {
            let form = if posted.text("form") == DISCARD_ALL { DISCARD_ALL } else { REPLAY_ALL };
            let filter = filter(|name| posted.text(name).to_owned()).unwrap_or_default();
            let page = async |reader: &Reader, again: &Again| {
                if filter == DeadLetterFilter::default() {
                    return all(&signed_in, reader, again).await;
                }
                matching(&signed_in, &filter, None, reader, again).await
            };
            signed_in.again(form, posted, failure, page).await
        }
    }
}

async fn planned(signed_in: &SignedIn, posted: &Posted) -> Result<Operation, Failure> {
    signed_in.visit.check(posted).await?;
    let action = match posted.text("action") {
        "replayDeadLetters" => OperationAction::ReplayDeadLetters,
        "discardDeadLetters" => OperationAction::DiscardDeadLetters,
        _ => return Err(Failure::bad_request("Choose what to do")),
    };
    let filter = filter(|name| posted.text(name).to_owned())?;
    let plan = OperationPlan {
        action,
        timers: None,
        dead_letters: Some(filter),
        retell: None,
        to: None,
        by_ms: None,
        note: note(posted),
    };
    signed_in.app().plan_operation(&signed_in.actor, plan).await
}
