//! `/api/orders`

use axum::{Json, extract::State, http::StatusCode};
use common::{
    api::{ErrorBody, NewOrderBody, OrderBody, OrderPaymentBody, OrderTicketBody},
    event::Id,
};
use web::{ApiError, Arrived, Body, Page, PageQuery, Paged, PathId, Trace, User};

use super::{Api, PREFIX};
use crate::{
    order::{Cancellation, Order},
    store::{CancelError, Placed, Placement},
};

/// An order as the API shows it.
fn body_of(order: Order) -> OrderBody {
    let ticket = order.ticket;
    OrderBody {
        id: order.id,
        status: order.status,
        user_id: order.user_id,
        expires_at: order.expires_at,
        version: order.version,
        ticket: OrderTicketBody {
            id: ticket.id,
            title: ticket.title,
            price: ticket.price,
            version: ticket.version,
        },
        payment: order.money.map(|money| OrderPaymentBody { status: money.as_str() }),
    }
}

/// The buyer's own orders of every status, the oldest first.
#[utoipa::path(
    get,
    path = "/api/orders",
    params(PageQuery),
    responses(
        (status = 200, description = "The first 500, or one page.", body = [OrderBody],
         headers(("Link" = String, description = "The next page, if there is one."))),
        (status = 400, description = "The page makes no sense.", body = ErrorBody),
        (status = 401, description = "Nobody is signed in.", body = ErrorBody),
    ),
    security(("session" = []))
)]
pub(super) async fn list(
    user: User,
    State(api): State<Api>,
    page: Page,
) -> Result<Paged<OrderBody>, ApiError> {
    let _turn = page.turn().await?;
    let orders = api.store.orders_of(&user.id, page.after.as_ref(), page.fetch()).await?;
    let orders = orders.ok_or_else(Page::unknown_cursor)?;
    let orders = orders.into_iter().map(body_of).collect();
    Ok(Paged::new(&page, PREFIX, orders, |order: &OrderBody| &order.id))
}

/// Orders a ticket. Unless it is paid in time, the order is cancelled and the ticket is free again. Who holds the ticket
/// already gets that order: a request that comes twice orders once.
#[utoipa::path(
    post,
    path = "/api/orders",
    request_body = NewOrderBody,
    responses(
        (status = 200, description = "The order by which the buyer holds the ticket already.", body = OrderBody),
        (status = 201, description = "The order.", body = OrderBody),
        (status = 400, description = "The body is not valid, or the ticket is reserved.", body = ErrorBody),
        (status = 401, description = "Nobody is signed in.", body = ErrorBody),
        (status = 404, description = "There is no such ticket.", body = ErrorBody),
        (status = 429, description = "The buyer has too many unpaid orders.", body = ErrorBody),
    ),
    security(("session" = []))
)]
pub(super) async fn create(
    user: User,
    State(api): State<Api>,
    Arrived(requested_at): Arrived,
    Trace(traceparent): Trace,
    body: Body,
) -> Result<(StatusCode, Json<OrderBody>), ApiError> {
    let ticket_id = body.field("ticketId");
    let ticket_id = ticket_id.ok_or_else(|| ApiError::bad_field("ticketId", "TicketId must be provided"))?;
    let wish = Placement {
        order_id: Id::generate(),
        ticket_id,
        user_id: user.id,
        window: api.window,
        most_unpaid: api.most_unpaid,
        requested_at,
        traceparent,
    };
    match api.store.place(&wish).await? {
        Placed::Order(order) => Ok((StatusCode::CREATED, Json(body_of(order)))),
        Placed::Before(order) => Ok((StatusCode::OK, Json(body_of(order)))),
        Placed::Reserved => Err(ApiError::bad_request("Ticket is already reserved")),
        Placed::TooManyUnpaid => {
            Err(ApiError::LimitReached("You have too many unpaid orders, please pay or cancel one first"))
        }
        Placed::UnknownTicket => Err(ApiError::NotFound),
    }
}

/// One of the buyer's own orders.
#[utoipa::path(
    get,
    path = "/api/orders/{id}",
    params(("id" = Id, Path, description = "The order.")),
    responses(
        (status = 200, description = "The order.", body = OrderBody),
        (status = 401, description = "Nobody is signed in, or it is someone else's.", body = ErrorBody),
        (status = 404, description = "There is no such order.", body = ErrorBody),
    ),
    security(("session" = []))
)]
pub(super) async fn show(
    user: User,
    State(api): State<Api>,
    PathId(order): PathId,
) -> Result<Json<OrderBody>, ApiError> {
    let order = api.store.find(&order).await?.ok_or(ApiError::NotFound)?;
    if order.user_id != user.id {
        return Err(ApiError::NotAuthorized);
    }
    Ok(Json(body_of(order)))
}

/// Cancels an unpaid order of the buyer's own.
#[utoipa::path(
    delete,
    path = "/api/orders/{id}",
    params(("id" = Id, Path, description = "The order.")),
    responses(
        (status = 204, description = "It is cancelled, now or before."),
        (status = 400, description = "It is paid, and stays so.", body = ErrorBody),
        (status = 401, description = "Nobody is signed in, or it is someone else's.", body = ErrorBody),
        (status = 404, description = "There is no such order.", body = ErrorBody),
    ),
    security(("session" = []))
)]
pub(super) async fn cancel(
    user: User,
    State(api): State<Api>,
    PathId(order): PathId,
) -> Result<StatusCode, ApiError> {
    match api.store.cancel(&order, &user.id).await {
        Ok(Cancellation::Cancels | Cancellation::Repeated) => Ok(StatusCode::NO_CONTENT),
        Ok(Cancellation::OrderIsComplete) => {
            Err(ApiError::bad_request("Order is already complete and can not be cancelled"))
        }
        Err(CancelError::UnknownOrder) => Err(ApiError::NotFound),
        Err(CancelError::NotTheBuyers) => Err(ApiError::NotAuthorized),
        Err(CancelError::Database(error)) => Err(error.into()),
    }
}
