//! `/api/tickets`

use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, Schema, Type},
};

use crate::event::{Id, Price};

/// A ticket as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ticket)]
#[serde(rename_all = "camelCase")]
pub struct TicketBody {
    /// The ticket.
    pub id: Id,
    /// What the seat is for.
    pub title: String,
    /// What it costs.
    pub price: Price,
    /// The seller.
    pub user_id: Id,
    /// One more with each change.
    #[schema(format = "uint32", minimum = 0)]
    pub version: u32,
    /// The order that holds the ticket. Left out while it is free.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Id>,
}

/// What a seller writes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TicketDraft)]
pub struct TicketDraftBody {
    /// Not blank.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    pub title: String,
    /// What it shall cost.
    #[schema(schema_with = asking_price)]
    pub price: Price,
}

/// A number, or a text that holds one: forms send texts.
fn asking_price() -> Schema {
    let number =
        ObjectBuilder::new().schema_type(Type::Number).exclusive_minimum(Some(0)).maximum(Some(1_000_000));
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^[0-9]{1,15}(\.[0-9]{1,2})?$"));
    let description = "Above 0, with at most two decimals; a number, or a text that holds one.";
    OneOfBuilder::new().item(number).item(text).description(Some(description)).into()
}
