//! Currencies, and prices in their smallest unit.
//!
//! Source: <https://docs.stripe.com/currencies>, zero-decimal, three-decimal and special-case currencies.

use std::{fmt, str::FromStr};

use common::event::Price;
use rust_decimal::Decimal;

/// No decimals: the amount is the price.
const ZERO_DECIMAL: [&str; 15] =
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"];
/// Three decimals, of which card networks take two: the last digit has to be 0.
const THREE_DECIMAL: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];
/// Two decimals on the wire, though the currency has lost them: both have to be 0.
const WHOLE_IN_TWO_DECIMALS: [&str; 2] = ["isk", "ugx"];
/// Twelve digits, the most that the provider takes of any currency.
const HIGHEST: i64 = 999_999_999_999;

/// A currency by its ISO code, in lower case as Stripe writes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

/// A text that is no currency code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no currency; expected three letters, such as usd, eur or jpy")]
pub struct InvalidCurrency;

/// Why a price can't be paid in a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub enum AmountError {
    /// There is nothing to pay.
    Zero,
    /// It has more decimals than the currency.
    TooFine,
    /// It is more than the provider takes.
    TooHigh,
}

impl AmountError {
    /// The same, for an answer.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Zero => "The price is zero, and there is nothing to pay",
            Self::TooFine => "The price is finer than the currency's smallest coin and can not be paid",
            Self::TooHigh => "The price is too high to be paid by card",
        }
    }
}

impl Currency {
    /// The code, in lower case.
    pub fn as_str(&self) -> &str {
        // Only letters are ever put in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    fn is_in(self, list: &[&str]) -> bool {
        list.contains(&self.as_str())
    }

    /// Decimals between the price and the smallest unit.
    fn exponent(self) -> u32 {
        if self.is_in(&ZERO_DECIMAL) {
            0
        } else if self.is_in(&THREE_DECIMAL) {
            3
        } else {
            2
        }
    }

    /// What the amount in smallest units has to be a multiple of.
    fn step(self) -> i64 {
        if self.is_in(&THREE_DECIMAL) {
            10
        } else if self.is_in(&WHOLE_IN_TWO_DECIMALS) {
            100
        } else {
            1
        }
    }

    /// The price in the smallest unit of this currency, exactly.
    ///
    /// # Errors
    /// For a price that can't be paid in it.
    pub fn minor_units(self, price: Price) -> Result<i64, AmountError> {
        let factor = Decimal::from(10_i64.pow(self.exponent()));
        let amount = price.as_decimal().checked_mul(factor).ok_or(AmountError::TooHigh)?.normalize();
        if amount.is_zero() {
            return Err(AmountError::Zero);
        }
        if amount > Decimal::from(HIGHEST) {
            return Err(AmountError::TooHigh);
        }
        let whole = i64::try_from(amount).ok().filter(|whole| Decimal::from(*whole) == amount);
        whole.filter(|whole| whole % self.step() == 0).ok_or(AmountError::TooFine)
    }

    /// The price of an amount in the smallest unit; `None` for one that is none.
    pub fn price(self, minor_units: i64) -> Option<Price> {
        Decimal::try_from_i128_with_scale(minor_units.into(), self.exponent()).ok()?.try_into().ok()
    }
}

impl FromStr for Currency {
    type Err = InvalidCurrency;

    /// Capitals are taken too.
    fn from_str(text: &str) -> Result<Self, InvalidCurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| InvalidCurrency)?;
        if !code.iter().all(u8::is_ascii_alphabetic) {
            return Err(InvalidCurrency);
        }
        Ok(Self(code.map(|letter| letter.to_ascii_lowercase())))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minor(price: &str, currency: &str) -> Result<i64, AmountError> {
        currency.parse::<Currency>().unwrap().minor_units(price.parse().unwrap())
    }

    #[test]
    fn a_price_is_counted_in_the_smallest_unit_of_its_currency() {
        for (price, currency, amount) in [
            ("19.99", "usd", 1999),
            ("20", "EUR", 2000),
            ("0.5", "usd", 50),
            ("500", "jpy", 500),
            ("5", "kwd", 5000),
            ("5.12", "kwd", 5120),
            ("5.120", "bhd", 5120),
            ("7", "isk", 700),
            ("3000", "ugx", 300_000),
            ("1000000", "usd", 100_000_000),
        ] {
            assert_eq!(minor(price, currency), Ok(amount), "{price} {currency}");
        }
    }

    #[test]
    fn a_price_that_the_currency_cannot_express_is_refused_with_the_reason() {
        for (price, currency) in [
            ("19.999", "usd"),
            ("0.001", "usd"),
            ("19.99", "jpy"),
            ("5.123", "kwd"),
            ("7.5", "isk"),
            ("7.01", "ugx"),
        ] {
            assert_eq!(minor(price, currency), Err(AmountError::TooFine), "{price} {currency}");
        }
        assert_eq!(minor("0", "usd"), Err(AmountError::Zero));
        assert_eq!(minor("9007199254740991", "usd"), Err(AmountError::TooHigh));
    }

    #[test]
    fn a_currency_is_three_letters() {
        for text in ["", "us", "usdd", "u$d", "12e", "é!"] {
            assert_eq!(text.parse::<Currency>(), Err(InvalidCurrency), "{text}");
        }
        assert_eq!("USD".parse::<Currency>().unwrap().to_string(), "usd");
    }

    proptest! {
        #[test]
        fn an_amount_is_the_price_that_it_was_made_of(
            amount in 1..=99_999_999_i64,
            currency in prop::sample::select(vec!["usd", "jpy", "kwd", "isk", "eur"]),
        ) {
            let currency: Currency = currency.parse().unwrap();
            let amount = amount * currency.step();
            let price = currency.price(amount).unwrap();
            prop_assert_eq!(currency.minor_units(price), Ok(amount));
        }
    }
}
