//! What a seller writes: a title and a price.

use common::{
    api::FieldError,
    event::{InvalidPrice, Price},
};
use rust_decimal::Decimal;
use web::{ApiError, Body};

/// What a seller writes, valid.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) title: String,
    pub(super) price: Price,
}

/// Longest title, in Unicode scalar values. Older tickets may have longer ones.
const LONGEST_TITLE: usize = 200;
/// Highest price. Older tickets may cost more.
const HIGHEST_PRICE: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);
/// Decimals that money has.
const MOST_DECIMALS: u32 = 2;

const NOT_ABOVE_ZERO: &str = "Price must be greater than 0";
const TOO_HIGH: &str = "Price must be at most 1000000";
const TOO_FINE: &str = "Price must have at most two decimals";

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
    let complaint = |message| FieldError::of("title", message);
    let title: String = body
        .field("title")
        .filter(|title: &String| !title.trim().is_empty())
        .ok_or(complaint("Title is required"))?;
    // JSON can say U+0000 in a text, and Postgres can't store it.
    if title.contains('\0') {
        return Err(complaint("Title must not contain U+0000"));
    }
    let fits = title.chars().count() <= LONGEST_TITLE;
    fits.then_some(title).ok_or(complaint("Title must be at most 200 characters"))
}

/// The number's own text, so it never becomes a float.
fn price(body: &Body) -> Result<Price, FieldError> {
    let complaint = |message| FieldError::of("price", message);
    let in_text = body.field::<String>("price");
    let text = in_text.as_deref().or_else(|| body.raw("price")).unwrap_or_default().trim();
    let price: Price = text.parse().map_err(|error| complaint(reason(error, text)))?;
    let amount = price.as_decimal();
    if amount.is_zero() {
        return Err(complaint(NOT_ABOVE_ZERO));
    }
    if amount > HIGHEST_PRICE {
        return Err(complaint(TOO_HIGH));
    }
    if amount.scale() > MOST_DECIMALS {
        return Err(complaint(TOO_FINE));
    }
    Ok(price)
}

/// What to tell about a text that is no price.
fn reason(error: InvalidPrice, text: &str) -> &'static str {
    // Only here is it read as a float, which says on which side of the bounds a number lies.
    match (error, text.parse::<f64>()) {
        (InvalidPrice::OutOfBounds, Ok(number)) if number >= 1.0 => TOO_HIGH,
        (InvalidPrice::OutOfBounds, Ok(number)) if number > 0.0 => TOO_FINE,
        _ => NOT_ABOVE_ZERO,
    }
}
