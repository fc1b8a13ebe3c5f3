//! From rows to what they mean. A row that means nothing is a decoding error.

use postgres::row::{decode, id, version};
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
            version: version(row.version)?,
            title: row.title,
            price: row.price.try_into().map_err(decode)?,
            user_id: id(row.user_id)?,
            order_id: row.order_id.map(id).transpose()?,
        })
    }
}
