//! Amounts in the smallest unit of their currency, and the limits that Stripe sets for them.
//!
//! Source: docs.stripe.com/currencies.

use crate::error::ApiError;

const ZERO_DECIMAL: [&str; 16] = [
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof",
    "xpf",
];
const THREE_DECIMAL: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];

/// The least amounts that Stripe charges, where it documents one.
const LEAST: [(&str, i64, &str); 14] = [
    ("usd", 50, "$0.50"),
    ("aud", 50, "$0.50"),
    ("brl", 50, "R$0.50"),
    ("cad", 50, "$0.50"),
    ("chf", 50, "0.50 Fr"),
    ("dkk", 250, "2.50-kr."),
    ("eur", 50, "€0.50"),
    ("gbp", 30, "£0.30"),
    ("hkd", 400, "$4.00"),
    ("jpy", 50, "¥50"),
    ("nok", 300, "3.00-kr."),
    ("nzd", 50, "$0.50"),
    ("sek", 300, "3.00-kr."),
    ("sgd", 50, "$0.50"),
];

/// An amount has at most eight digits.
const MOST: i64 = 99_999_999;

/// How many digits of an amount are behind the point.
pub(crate) fn decimals(currency: &str) -> usize {
    match currency {
        zero if ZERO_DECIMAL.contains(&zero) => 0,
        three if THREE_DECIMAL.contains(&three) => 3,
        _ => 2,
    }
}

/// A currency in the form that Stripe answers with.
pub(crate) fn parse(given: &str, param: &'static str) -> Result<String, ApiError> {
    let currency = given.to_ascii_lowercase();
    if currency.len() == 3 && currency.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return Ok(currency);
    }
    Err(ApiError::invalid(format!("Invalid currency: {given}")).param(param))
}

/// Refuses an amount that can't be charged in this currency.
pub(crate) fn check(amount: i64, currency: &str, param: &'static str) -> Result<(), ApiError> {
    if amount < 1 {
        return Err(not_positive(param));
    }
    if amount > MOST {
        let message = format!("Amount must be no more than {} {currency}", written(MOST, currency));
        return Err(ApiError::invalid(message).code("amount_too_large").param(param));
    }
    if let Some((_, _, text)) = LEAST.iter().find(|(known, least, _)| *known == currency && amount < *least) {
        let message = format!("Amount must be at least {text} {currency}");
        return Err(ApiError::invalid(message).code("amount_too_small").param(param));
    }
    if decimals(currency) == 3 && amount % 10 != 0 {
        let message = format!("Invalid amount: in {currency} the last digit must be 0");
        return Err(ApiError::invalid(message).code("parameter_invalid_integer").param(param));
    }
    Ok(())
}

pub(crate) fn not_positive(param: &'static str) -> ApiError {
    let message = "This value must be greater than or equal to 1.";
    ApiError::invalid(message).code("parameter_invalid_integer").param(param)
}

/// An amount as people write it: `20.00`.
pub(crate) fn written(amount: i64, currency: &str) -> String {
    let decimals = decimals(currency);
    if decimals == 0 {
        return amount.to_string();
    }
    let digits = format!("{amount:0width$}", width = decimals + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals);
    format!("{whole}.{part}")
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn an_amount_is_written_by_the_digits_of_its_currency() {
        assert_eq!(written(2_000, "usd"), "20.00");
        assert_eq!(written(5, "usd"), "0.05");
        assert_eq!(written(2_000, "jpy"), "2000");
        assert_eq!(written(12_340, "kwd"), "12.340");
    }
}
