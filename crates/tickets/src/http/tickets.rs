//! `/api/tickets`

use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode},
};
use common::{
    api::{ErrorBody, TicketBody, TicketDraftBody},
    event::Id,
};
use web::{ApiError, Body, IfMatch, Page, PageQuery, Paged, PathId, QueryString, Trace, User, etag};

use super::{
    Api,
    draft::Draft,
    which::{WhichQuery, path_of},
};
use crate::{
    store::{self, Edit, EditError},
    ticket::{EditRefusal, Ticket},
};

/// A ticket as the API shows it.
fn body_of(ticket: Ticket) -> TicketBody {
    let Ticket { id, version, title, price, user_id, order_id } = ticket;
    TicketBody { id, title, price, user_id, version, order_id }
}

/// A ticket and the `ETag` that names its version.
type Tagged = ([(HeaderName, HeaderValue); 1], Json<TicketBody>);

fn tagged(ticket: Ticket) -> Tagged {
    (etag(ticket.version), Json(body_of(ticket)))
}

/// The tickets that can be bought, or all; of everybody, or of one seller; the oldest first.
#[utoipa::path(
    get,
    path = "/api/tickets",
    params(WhichQuery, PageQuery),
    responses(
        (status = 200, description = "The first 500, or one page.", body = [TicketBody],
         headers(("Link" = String, description = "The next page, if there is one."))),
        (status = 400, description = "The page, the status or the seller makes no sense.", body = ErrorBody),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    QueryString(which): QueryString<WhichQuery>,
    page: Page,
) -> Result<Paged<TicketBody>, ApiError> {
    let listing = which.read()?;
    let _turn = page.turn().await?;
    let tickets = api.store.list(&listing, page.after.as_ref(), page.fetch()).await?;
    let tickets = tickets.ok_or_else(Page::unknown_cursor)?;
    let tickets = tickets.into_iter().map(body_of).collect();
    Ok(Paged::new(&page, &path_of(&listing), tickets, |ticket: &TicketBody| &ticket.id))
}

/// Puts a ticket up for sale.
#[utoipa::path(
    post,
    path = "/api/tickets",
    request_body = TicketDraftBody,
    responses(
        (status = 201, description = "The ticket.", body = TicketBody,
         headers(("ETag" = String, description = "Its version, for If-Match."))),
        (status = 400, description = "The body is not valid.", body = ErrorBody),
        (status = 401, description = "Nobody is signed in.", body = ErrorBody),
    ),
    security(("session" = []))
)]
pub(super) async fn create(
    user: User,
    State(api): State<Api>,
    Trace(traceparent): Trace,
    body: Body,
) -> Result<(StatusCode, Tagged), ApiError> {
    let Draft { title, price } = Draft::read(&body)?;
    let draft = store::Draft { id: Id::generate(), title, price, user_id: user.id, traceparent };
    Ok((StatusCode::CREATED, tagged(api.store.sell(&draft).await?)))
}

/// One ticket.
#[utoipa::path(
    get,
    path = "/api/tickets/{id}",
    params(("id" = Id, Path, description = "The ticket.")),
    responses(
        (status = 200, description = "The ticket.", body = TicketBody,
         headers(("ETag" = String, description = "Its version, for If-Match."))),
        (status = 404, description = "There is no such ticket.", body = ErrorBody),
    )
)]
pub(super) async fn show(State(api): State<Api>, PathId(ticket): PathId) -> Result<Tagged, ApiError> {
    api.store.find(&ticket).await?.map(tagged).ok_or(ApiError::NotFound)
}

/// Changes a free ticket of the seller's own.
#[utoipa::path(
    put,
    path = "/api/tickets/{id}",
    params(
        ("id" = Id, Path, description = "The ticket."),
        ("If-Match" = Option<String>, Header,
         description = "Change it only if it still has this ETag. Without it, any version is changed."),
    ),
    request_body = TicketDraftBody,
    responses(
        (status = 200, description = "The ticket, one version later.", body = TicketBody,
         headers(("ETag" = String, description = "Its version, for If-Match."))),
        (status = 400, description = "The body is not valid, or the ticket is reserved.", body = ErrorBody),
        (status = 401, description = "Nobody is signed in, or it is someone else's.", body = ErrorBody),
        (status = 404, description = "There is no such ticket.", body = ErrorBody),
        (status = 412, description = "It has another version than If-Match names.", body = ErrorBody),
        (status = 429, description = "The seller has changed tickets too often in this minute.", body = ErrorBody,
         headers(("Retry-After" = u64, description = "Seconds until another try makes sense."))),
    ),
    security(("session" = []))
)]
pub(super) async fn edit(
    user: User,
    State(api): State<Api>,
    PathId(ticket): PathId,
    Trace(traceparent): Trace,
    IfMatch(versions): IfMatch,
    body: Body,
) -> Result<Tagged, ApiError> {
    let Draft { title, price } = Draft::read(&body)?;
    let most_a_minute = api.most_edits_a_minute;
    let edit = Edit { ticket, user_id: user.id, versions, title, price, most_a_minute, traceparent };
    api.store.edit(&edit).await.map(tagged).map_err(|error| match error {
        EditError::Refused(EditRefusal::UnknownTicket) => ApiError::NotFound,
        EditError::Refused(EditRefusal::NotTheSellers) => ApiError::NotAuthorized,
        EditError::Refused(EditRefusal::Reserved) => ApiError::bad_request("Cannot edit a reserved ticket"),
        EditError::Refused(EditRefusal::Changed) => ApiError::Changed,
        EditError::TooMany(wait) => ApiError::TooOften(wait),
        EditError::Database(error) => error.into(),
    })
}
