//! From rows to what they mean. A row that means nothing is a decoding error.

use common::event::Id;
use rust_decimal::Decimal;
use sqlx::Error;

use crate::ticket::Ticket;

#[derive(Debug, sqlx::FromRow)]
pub(super) struct TicketRow {
    id: String,
    version: i64,
    title: String,
    price: Decimal,
    user_id: String,
    order_id: Option<String>,
}

impl TryFrom<TicketRow> for Ticket {
    type Error = Error;

    fn try_from(row: TicketRow) -> Result<Self, Error> {
        Ok(Self {
            id: id(row.id)?,
            version: row.version.try_into().map_err(decode)?,
            title: row.title,
            price: row.price.try_into().map_err(decode)?,
            user_id: id(row.user_id)?,
            order_id: row.order_id.map(id).transpose()?,
        })
    }
}

pub(super) fn id(text: String) -> Result<Id, Error> {
    text.try_into().map_err(decode)
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
