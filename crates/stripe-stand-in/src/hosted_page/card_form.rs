//! What a buyer typed.

use crate::{
    error::ApiError,
    form::Form,
    tokens::{self, Card},
};

/// A card that could be read.
pub(super) struct CardForm {
    pub(super) card: Card,
    pub(super) name: Option<String>,
}

impl CardForm {
    pub(super) fn read(form: &Form) -> Result<Self, ApiError> {
        let number = typed(form, "number", "Your card number is incomplete.")?;
        let card = tokens::of_number(number)?;
        let expiry = typed(form, "expiry", "Your card's expiration date is incomplete.")?;
        check_expiry(expiry)?;
        let cvc = typed(form, "cvc", "Your card's security code is incomplete.")?;
        let digits = if card.brand == "amex" { 4 } else { 3 };
        if cvc.len() != digits || !cvc.bytes().all(|letter| letter.is_ascii_digit()) {
            return Err(incomplete("cvc", "Your card's security code is incomplete."));
        }
        let name = form.text("name").ok().flatten().map(str::to_owned);
        Ok(Self { card, name })
    }
}

fn typed<'a>(form: &'a Form, name: &'static str, message: &str) -> Result<&'a str, ApiError> {
    let text = form.text(name).ok().flatten().map(str::trim);
    text.filter(|text| !text.is_empty()).ok_or_else(|| incomplete(name, message))
}

fn incomplete(name: &'static str, message: &str) -> ApiError {
    ApiError::invalid(message).param(name)
}

/// `12 / 34` or `12/2034`: a card is good to the end of its month.
fn check_expiry(expiry: &str) -> Result<(), ApiError> {
    let invalid = || incomplete("expiry", "Your card's expiration date is invalid.");
    let (month, year) = expiry.split_once('/').ok_or_else(invalid)?;
    let month: i32 = month.trim().parse().map_err(|_| invalid())?;
    let year: i32 = year.trim().parse().map_err(|_| invalid())?;
    let year = if year < 100 { 2000 + year } else { year };
    if !(1..=12).contains(&month) {
        return Err(invalid());
    }
    let today = common::clock::now().format("%Y %m").to_string();
    let past = today.as_str() > format!("{year:04} {month:02}").as_str();
    if past {
        return Err(incomplete("expiry", "Your card's expiration date is in the past."));
    }
    Ok(())
}
