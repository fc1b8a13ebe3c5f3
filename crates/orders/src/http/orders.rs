//! `/api/orders`

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
};
use common::{
    event::{Id, OrderStatus, Price, Timestamp},
    messaging::TRACEPARENT,
    traceparent::Traceparent,
};
use serde::Serialize;

use super::{Api, ApiError, User, body::Body};
use crate::{
    order::{Cancellation, Order},
    store::{CancelError, Placed, Placement},
};

/// An order as the API shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderBody {
    id: Id,
    status: OrderStatus,
    user_id: Id,
    expires_at: Timestamp,
    version: u32,
    ticket: TicketBody,
}

#[derive(Debug, Serialize)]
struct TicketBody {
    id: Id,
    title: String,
    price: Price,
    version: u32,
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

/// `GET /api/orders`: the buyer's own, the newest first.
pub(super) async fn list(user: User, State(api): State<Api>) -> Result<Json<Vec<OrderBody>>, ApiError> {
    let orders = api.store.orders_of(&user.id).await?;
    Ok(Json(orders.into_iter().map(OrderBody::from).collect()))
}

/// `POST /api/orders` with `{"ticketId"}`.
pub(super) async fn create(
    user: User,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<(StatusCode, Json<OrderBody>), ApiError> {
    let ticket_id = body.get("ticketId").and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
    let ticket_id = ticket_id.ok_or(ApiError::bad_field("ticketId", "TicketId must be provided"))?;
    let wish = Placement {
        order_id: Id::generate(),
        ticket_id,
        user_id: user.id,
        window: api.window,
        traceparent: traceparent(&headers),
    };
    match api.store.place(&wish).await? {
        Placed::Order(order) => Ok((StatusCode::CREATED, Json(order.into()))),
        Placed::Reserved => Err(ApiError::bad_request("Ticket is already reserved")),
        Placed::UnknownTicket => Err(ApiError::NotFound),
    }
}

/// `GET /api/orders/{id}`
pub(super) async fn show(
    user: User,
    State(api): State<Api>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<OrderBody>, ApiError> {
    let order = api.store.find(&order_id(path)?).await?.ok_or(ApiError::NotFound)?;
    if order.user_id != user.id {
        return Err(ApiError::NotAuthorized);
    }
    Ok(Json(order.into()))
}

/// `DELETE /api/orders/{id}`: cancels it.
pub(super) async fn cancel(
    user: User,
    State(api): State<Api>,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    match api.store.cancel(&order_id(path)?, &user.id).await {
        Ok(Cancellation::Cancels | Cancellation::Repeated) => Ok(StatusCode::NO_CONTENT),
        Ok(Cancellation::OrderIsComplete) => {
            Err(ApiError::bad_request("Order is already complete and can not be cancelled"))
        }
        Err(CancelError::UnknownOrder) => Err(ApiError::NotFound),
        Err(CancelError::NotTheBuyers) => Err(ApiError::NotAuthorized),
        Err(CancelError::Database(error)) => Err(error.into()),
    }
}

/// What can't be an id is the id of nothing.
fn order_id(path: Result<Path<String>, PathRejection>) -> Result<Id, ApiError> {
    let Path(id) = path.map_err(|_| ApiError::NotFound)?;
    id.parse().map_err(|_| ApiError::NotFound)
}

/// The trace that the request belongs to, or a new one.
fn traceparent(headers: &HeaderMap) -> Traceparent {
    let header = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
    header.and_then(|text| text.parse().ok()).unwrap_or_else(Traceparent::generate)
}
