//! From rows to what they mean. A row that means nothing is a decoding error.

use chrono::{DateTime, Utc};
use common::{event::OrderStatus, traceparent::Traceparent};
use postgres::row::decode;
pub(super) use postgres::row::{expect_rows, id, version};
use rust_decimal::Decimal;
use sqlx::Error;

use crate::order::{Money, Order, OrderState, Ticket};

/// An order with its ticket.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct OrderRow {
    id: String,
    version: i64,
    status: String,
    user_id: String,
    expires_at: DateTime<Utc>,
    ticket_id: String,
    ticket_version: i64,
    title: String,
    price: Decimal,
    money: Option<String>,
}

impl TryFrom<OrderRow> for Order {
    type Error = Error;

    fn try_from(row: OrderRow) -> Result<Self, Error> {
        Ok(Self {
            id: id(row.id)?,
            version: version(row.version)?,
            status: status(&row.status)?,
            user_id: id(row.user_id)?,
            expires_at: row.expires_at.into(),
            ticket: ticket(row.ticket_id, row.ticket_version, row.title, row.price)?,
            money: row.money.as_deref().map(money).transpose()?,
        })
    }
}

pub(super) fn ticket(
    ticket_id: String,
    ticket_version: i64,
    title: String,
    price: Decimal,
) -> Result<Ticket, Error> {
    let price = price.try_into().map_err(decode)?;
    Ok(Ticket { id: id(ticket_id)?, version: version(ticket_version)?, title, price })
}

fn money(text: &str) -> Result<Money, Error> {
    match text {
        "accepted" => Ok(Money::Accepted),
        "rejected" => Ok(Money::Rejected),
        outcome => outcome.parse().map(Money::Settled).map_err(decode),
    }
}

pub(super) fn state(status_text: &str, payment_id: Option<String>) -> Result<OrderState, Error> {
    Ok(OrderState { status: status(status_text)?, payment_id: payment_id.map(id).transpose()? })
}

pub(super) fn status(text: &str) -> Result<OrderStatus, Error> {
    text.parse().map_err(decode)
}

/// The trace that a stored context belongs to, for a log line.
pub(super) fn trace_id(traceparent: Option<&str>) -> Option<String> {
    traceparent.and_then(|text| text.parse().ok()).map(|traceparent: Traceparent| traceparent.trace_id())
}
