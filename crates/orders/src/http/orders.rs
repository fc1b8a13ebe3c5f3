//! `/api/orders`

use axum::{Json, extract::State, http::StatusCode};
use common::event::{Id, OrderStatus, Price, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use web::{ApiError, Body, ErrorBody, Page, PageQuery, Paged, PathId, Trace, User};

use super::{Api, PREFIX};
use crate::{
    order::{Cancellation, Order},
    store::{CancelError, Placed, Placement},
};

/// An order as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderBody {
    id: Id,
    status: OrderStatus,
    /// The buyer.
    user_id: Id,
    /// When it is cancelled, if it is not paid by then.
    expires_at: Timestamp,
    /// 0, or 1 once it is complete or cancelled.
    #[schema(format = "uint32", minimum = 0)]
    version: u32,
    ticket: TicketBody,
}

/// What was ordered, as it stands now. What the buyer has to pay is the price that `order:created` tells, when it was placed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderTicket)]
struct TicketBody {
    id: Id,
    title: String,
    price: Price,
    #[schema(format = "uint32", minimum = 0)]
    version: u32,
}

/// What is ordered.
#[derive(ToSchema)]
#[schema(as = NewOrder)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used: bodies are read field by field")]
pub(super) struct NewOrderBody {
    ticket_id: Id,
}

impl From<Order> for OrderBody {
    fn from(order: Order) -> Self {
        let ticket = order.ticket;
        let ticket =
            TicketBody { id: ticket.id, title: ticket.title, price: ticket.price, version: ticket.version };
        Self {
            id: order.id,
            status: order.status,
            user_id: order.user_id,
            expires_at: order.expires_at,
            version: order.version,
            ticket,
        }
    }
}

/// The buyer's own orders of every status, the newest first.
#[utoipa::path(
    get,
    path = "/api/orders",
    params(PageQuery),
    responses(
        (status = 200, description = "All of them, or one page.", body = [OrderBody],
         headers(("Link" = String, description = "The next page, if this is one and there is another."))),
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
    let orders = orders.into_iter().map(OrderBody::from).collect();
    Ok(Paged::new(&page, PREFIX, orders, |order: &OrderBody| &order.id))
}

/// Orders a ticket. Unless it is paid in time, the order is cancelled and the ticket is free again.
#[utoipa::path(
    post,
    path = "/api/orders",
    request_body = NewOrderBody,
    responses(
        (status = 201, description = "The order.", body = OrderBody),
        (status = 400, description = "The body is not valid, or the ticket is reserved.", body = ErrorBody),
        (status = 401, description = "Nobody is signed in.", body = ErrorBody),
        (status = 404, description = "There is no such ticket.", body = ErrorBody),
    ),
    security(("session" = []))
)]
pub(super) async fn create(
    user: User,
    State(api): State<Api>,
    Trace(traceparent): Trace,
    body: Body,
) -> Result<(StatusCode, Json<OrderBody>), ApiError> {
    let ticket_id = body.field("ticketId");
    let ticket_id = ticket_id.ok_or_else(|| ApiError::bad_field("ticketId", "TicketId must be provided"))?;
    let wish =
        Placement { order_id: Id::generate(), ticket_id, user_id: user.id, window: api.window, traceparent };
    match api.store.place(&wish).await? {
        Placed::Order(order) => Ok((StatusCode::CREATED, Json(order.into()))),
        Placed::Reserved => Err(ApiError::bad_request("Ticket is already reserved")),
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
    Ok(Json(order.into()))
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
