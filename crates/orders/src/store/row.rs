//! From rows to what they mean. A row that means nothing is a decoding error.

use chrono::{DateTime, Utc};
use common::{
    event::{Id, OrderStatus},
    traceparent::Traceparent,
};
use rust_decimal::Decimal;
use sqlx::Error;

use crate::order::{Order, Standing, Ticket};

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

pub(super) fn standing(status_text: &str, payment_id: Option<String>) -> Result<Standing, Error> {
    Ok(Standing { status: status(status_text)?, payment_id: payment_id.map(id).transpose()? })
}

pub(super) fn id(text: String) -> Result<Id, Error> {
    text.try_into().map_err(decode)
}

pub(super) fn version(number: i64) -> Result<u32, Error> {
    number.try_into().map_err(decode)
}

pub(super) fn status(text: &str) -> Result<OrderStatus, Error> {
    text.parse().map_err(decode)
}

/// The trace that a stored context belongs to, for a log line.
pub(super) fn trace_id(traceparent: Option<&str>) -> Option<String> {
    traceparent.and_then(|text| text.parse().ok()).map(|traceparent: Traceparent| traceparent.trace_id())
}

fn decode(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Decode(Box::new(error))
}

/// Holds an update to the number of rows that it was about to touch. They are locked, so another number is a defect,
/// and the error rolls the transaction back.
pub(super) fn expect_rows(touched: u64, expected: usize, what: &str) -> Result<(), Error> {
    if touched == expected as u64 {
        return Ok(());
    }
    Err(Error::Encode(format!("{what} touched {touched} rows instead of {expected}").into()))
}
