//! Prices as they travel between services.

use std::{fmt, str::FromStr};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

/// A price: an exact decimal, zero or from 0.000001 to 2^53 - 1, with at most 17 significant digits.
///
/// On the wire it is a JSON number as JavaScript prints it (`20`, `19.99`; `20.00` is read as `20`). The number's
/// text is read and written as it stands and never becomes a float. The bounds hold every amount that JavaScript
/// itself prints without an exponent and without loss.
///
/// Only JSON can carry it: it needs serde_json's raw values, so it can't stand in a `#[serde(flatten)]`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Price(Decimal);

/// Why a number is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrice {
    /// The text is no JSON number.
    #[error("a price is a number such as 19.99")]
    NotANumber,
    /// The number is below zero.
    #[error("a price is not negative")]
    Negative,
    /// The number is too large, too small or too exact.
    #[error("a price is at most 9007199254740991, at least 0.000001 unless 0, and has at most 17 digits")]
    OutOfBounds,
}

impl Price {
    /// JavaScript's `Number.MAX_SAFE_INTEGER`.
    pub(super) const MAX_WHOLE: u64 = 0x001F_FFFF_FFFF_FFFF;
    const MAX: Decimal = Decimal::from_parts(0xFFFF_FFFF, 0x001F_FFFF, 0, false, 0);
    /// JavaScript prints smaller numbers with an exponent.
    const MIN: Decimal = Decimal::from_parts(1, 0, 0, false, 6);
    const MAX_MANTISSA: i128 = 99_999_999_999_999_999;
    /// As many digits as the decimal holds whatever they are: more than any number within the bounds needs.
    const MAX_TEXT: usize = 28;

    /// The exact amount, for the stores.
    pub fn as_decimal(self) -> Decimal {
        self.0
    }
}

impl TryFrom<Decimal> for Price {
    type Error = InvalidPrice;

    fn try_from(amount: Decimal) -> Result<Self, InvalidPrice> {
        let amount = amount.normalize();
        if amount.is_zero() {
            return Ok(Self(Decimal::ZERO));
        }
        if amount.is_sign_negative() {
            return Err(InvalidPrice::Negative);
        }
        if amount < Self::MIN || amount > Self::MAX || amount.mantissa() > Self::MAX_MANTISSA {
            return Err(InvalidPrice::OutOfBounds);
        }
        Ok(Self(amount))
    }
}

impl FromStr for Price {
    type Err = InvalidPrice;

    /// Reads the text of a JSON number, also one with an exponent.
    fn from_str(text: &str) -> Result<Self, InvalidPrice> {
        // A plus sign, a bare dot and underscores are numbers to the decimal's own parser, but not to JSON.
        if !text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
            || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
        {
            return Err(InvalidPrice::NotANumber);
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                (mantissa, exponent.parse::<i64>().map_err(|_| InvalidPrice::OutOfBounds)?)
            }
            None => (text, 0),
        };
        if mantissa.len() > Self::MAX_TEXT {
            return Err(InvalidPrice::OutOfBounds);
        }
        // `from_str_exact` refuses what `from_str` would round.
        let mantissa = Decimal::from_str_exact(mantissa).map_err(|_| InvalidPrice::NotANumber)?;
        shift(mantissa, exponent)?.try_into()
    }
}

/// `mantissa * 10^exponent`, exactly.
fn shift(mantissa: Decimal, exponent: i64) -> Result<Decimal, InvalidPrice> {
    let mantissa = mantissa.normalize();
    if exponent == 0 || mantissa.is_zero() {
        return Ok(mantissa);
    }
    let scale = i64::from(mantissa.scale()).saturating_sub(exponent);
    if scale >= 0 {
        let scale = u32::try_from(scale).map_err(|_| InvalidPrice::OutOfBounds)?;
        return Decimal::try_from_i128_with_scale(mantissa.mantissa(), scale)
            .map_err(|_| InvalidPrice::OutOfBounds);
    }
    let zeros = u32::try_from(-scale).map_err(|_| InvalidPrice::OutOfBounds)?;
    let whole = 10_i128.checked_pow(zeros).and_then(|power| mantissa.mantissa().checked_mul(power));
    whole.and_then(|whole| Decimal::try_from_i128_with_scale(whole, 0).ok()).ok_or(InvalidPrice::OutOfBounds)
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer)?.get().parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Result<Price, InvalidPrice> {
        json.parse()
    }

    #[test]
    fn a_price_is_written_as_javascript_prints_it() {
        for (json, printed) in [
            ("20", "20"),
            ("20.00", "20"),
            ("19.99", "19.99"),
            ("19.990", "19.99"),
            ("0", "0"),
            ("-0", "0"),
            ("0.0", "0"),
            ("2e1", "20"),
            ("1.5E+3", "1500"),
            ("1999e-2", "19.99"),
            ("1e-6", "0.000001"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("9007199254740991", "9007199254740991"),
        ] {
            let price: Price = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&price).unwrap(), printed, "{json}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_no_price() {
        for json in ["\"20\"", "null", "true", "[20]", "{}"] {
            let error = serde_json::from_str::<Price>(json).unwrap_err().to_string();
            assert!(error.contains("a price is a number"), "{json}: {error}");
        }
        for text in ["", "+20", ".5", "1_000", "NaN", "-", "1-1"] {
            assert_eq!(read(text), Err(InvalidPrice::NotANumber), "{text}");
        }
    }

    #[test]
    fn a_price_beyond_its_bounds_is_refused() {
        assert_eq!(read("-0.01"), Err(InvalidPrice::Negative));
        for text in [
            "9007199254740992",
            "1e400",
            "1e-7",
            "1e99999999999999999999",
            "1e-9223372036854775808",
            "1.00000000000000001",
            "0.0000001",
            "123456789012345678901234567890",
            "0.1234567890123456789012345678901",
        ] {
            assert_eq!(read(text), Err(InvalidPrice::OutOfBounds), "{text}");
        }
    }

    proptest! {
        // A float's `Display` has the same shortest digits as JavaScript's, and no exponent in this range.
        #[test]
        fn every_number_of_javascript_within_the_bounds_keeps_its_digits(number in 1e-6_f64..9_007_199_254_740_991.0) {
            let printed = number.to_string();
            let price: Price = serde_json::from_str(&printed).unwrap();
            prop_assert_eq!(serde_json::to_string(&price).unwrap(), printed);
        }

        #[test]
        fn every_amount_of_cents_is_what_javascript_would_print(cents in 0_u32..100_000_000) {
            let price = Price::try_from(Decimal::new(i64::from(cents), 2)).unwrap();
            prop_assert_eq!(price.to_string(), (f64::from(cents) / 100.0).to_string());
        }
    }
}
