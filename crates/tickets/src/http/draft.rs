//! What a seller writes: a title and a price.

use common::{api::FieldError, event::Price};
use web::{ApiError, Body};

/// What a seller writes, valid.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) title: String,
    pub(super) price: Price,
}

/// Decimals that money has.
const MOST_DECIMALS: u32 = 2;

impl Draft {
    /// Reads both fields, and complains of both at once.
    pub(super) fn read(body: &Body) -> Result<Self, ApiError> {
        match (title(body), price(body)) {
            (Ok(title), Ok(price)) => Ok(Self { title, price }),
            (title, price) => Err(ApiError::BadRequest(title.err().into_iter().chain(price.err()).collect())),
        }
    }
}

fn title(body: &Body) -> Result<String, FieldError> {
    let complaint = |message| FieldError { message, field: Some("title") };
    let title: String = body
        .field("title")
        .filter(|title: &String| !title.trim().is_empty())
        .ok_or(complaint("Title is required"))?;
    // JSON can say U+0000 in a text, and Postgres can't store it.
    if title.contains('\0') { Err(complaint("Title must not contain U+0000")) } else { Ok(title) }
}

/// The number's own text, so it never becomes a float.
fn price(body: &Body) -> Result<Price, FieldError> {
    let complaint = |message| FieldError { message, field: Some("price") };
    let in_text = body.field::<String>("price");
    let text = in_text.as_deref().or_else(|| body.raw("price")).unwrap_or_default().trim();
    let price: Price = text.parse().map_err(|_| complaint("Price must be greater than 0"))?;
    if price.as_decimal().is_zero() {
        return Err(complaint("Price must be greater than 0"));
    }
    if price.as_decimal().scale() > MOST_DECIMALS {
        return Err(complaint("Price must have at most two decimals"));
    }
    Ok(price)
}
