//! Prices as people write them.

use std::{fmt, str::FromStr};

use common::event::Price;
use maud::{Markup, html};

use crate::locale::Locale;

/// No smaller coin, as browsers' `Intl` and ISO 4217 have it.
const ZERO_DECIMAL: [&str; 18] = [
    "bif", "clp", "djf", "gnf", "isk", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "uyi", "vnd", "vuv",
    "xaf", "xof", "xpf",
];
const THREE_DECIMAL: [&str; 6] = ["bhd", "iqd", "jod", "kwd", "omr", "tnd"];
/// CLDR's narrow symbols of what is traded most. Others are written by their code.
const SYMBOLS: [(&str, &str); 22] = [
    ("aud", "$"),
    ("brl", "R$"),
    ("cad", "$"),
    ("clp", "$"),
    ("cny", "¥"),
    ("czk", "Kč"),
    ("dkk", "kr"),
    ("eur", "€"),
    ("gbp", "£"),
    ("hkd", "$"),
    ("huf", "Ft"),
    ("inr", "₹"),
    ("jpy", "¥"),
    ("krw", "₩"),
    ("mxn", "$"),
    ("nok", "kr"),
    ("nzd", "$"),
    ("pln", "zł"),
    ("sek", "kr"),
    ("try", "₺"),
    ("uah", "₴"),
    ("usd", "$"),
];

/// A currency by its ISO code, in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency([u8; 3]);

/// A text that is no currency code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no currency; expected three letters, such as usd, eur or jpy")]
pub struct InvalidCurrency;

impl FromStr for Currency {
    type Err = InvalidCurrency;

    fn from_str(text: &str) -> Result<Self, InvalidCurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| InvalidCurrency)?;
        let letters = code.iter().all(u8::is_ascii_alphabetic);
        letters.then(|| Self(code.map(|letter| letter.to_ascii_lowercase()))).ok_or(InvalidCurrency)
    }
}

impl Currency {
    fn as_str(&self) -> &str {
        // Only letters are ever put in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As people write it.
    pub(crate) fn code(self) -> String {
        self.as_str().to_ascii_uppercase()
    }

    /// What stands for it beside a number: its symbol, or else its code.
    fn symbol(self) -> Result<&'static str, String> {
        let known = SYMBOLS.into_iter().find(|(code, _)| *code == self.as_str());
        known.map(|(_, symbol)| symbol).ok_or_else(|| self.code())
    }

    /// Decimals that a price has at least.
    pub(crate) fn decimals(self) -> usize {
        if ZERO_DECIMAL.contains(&self.as_str()) {
            0
        } else if THREE_DECIMAL.contains(&self.as_str()) {
            3
        } else {
            2
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code())
    }
}

/// A price in the visitor's form, such as `$1,234.50` or `1.234,50 €`. Nothing is ever rounded.
pub(crate) fn written(price: Price, currency: Currency, locale: Locale) -> String {
    let text = price.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut number = grouped(whole, locale);
    let decimals = currency.decimals().max(fraction.len());
    if decimals > 0 {
        number.push_str(locale.decimal);
        number.push_str(&format!("{fraction:0<decimals$}"));
    }
    let (symbol, is_code) = match currency.symbol() {
        Ok(symbol) => (symbol.to_owned(), false),
        Err(code) => (code, true),
    };
    let space = if is_code || locale.symbol_space { "\u{a0}" } else { "" };
    if locale.symbol_first { format!("{symbol}{space}{number}") } else { format!("{number}{space}{symbol}") }
}

fn grouped(whole: &str, locale: Locale) -> String {
    if whole.len() < locale.grouped_from {
        return whole.to_owned();
    }
    let mut number = String::with_capacity(whole.len() * 2);
    for (at, digit) in whole.char_indices() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            number.push_str(locale.group);
        }
        number.push(digit);
    }
    number
}

/// The same, with the exact amount for machines.
pub(crate) fn shown(price: Price, currency: Currency, locale: Locale) -> Markup {
    html! { data.price value=(price) { (written(price, currency, locale)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str, currency: &str, accepted: &str) -> String {
        let shown = written(text.parse().unwrap(), currency.parse().unwrap(), Locale::choose(accepted));
        shown.replace(['\u{a0}', '\u{202f}'], "_")
    }

    #[test]
    fn a_price_is_written_as_the_visitors_country_does() {
        for (text, currency, accepted, expected) in [
            ("20", "usd", "en-US", "$20.00"),
            ("1234.5", "usd", "en", "$1,234.50"),
            ("1234.5", "eur", "de-DE", "1.234,50_€"),
            ("1234.5", "eur", "fr", "1_234,50_€"),
            ("1234.5", "eur", "es", "1234,50_€"),
            ("12345.5", "eur", "es", "12.345,50_€"),
            ("1234567.89", "usd", "sv", "1_234_567,89_$"),
            ("1234.5", "chf", "de-CH", "CHF_1’234.50"),
            ("19.99", "eur", "nl", "€_19,99"),
            ("1500", "jpy", "ja", "¥1,500"),
            ("1.5", "kwd", "en", "KWD_1.500"),
            ("0.000001", "usd", "en", "$0.000001"),
            ("9007199254740991", "gbp", "en-GB", "£9,007,199,254,740,991.00"),
        ] {
            assert_eq!(price(text, currency, accepted), expected, "{text} {currency} {accepted}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_digit_is_lost(cents in 0_u64..1_000_000_000_000, accepted in "(en|de|fr|es|ja|pl|de-CH|nl)") {
            let exact = format!("{}.{:02}", cents / 100, cents % 100);
            let shown = price(&exact, "usd", &accepted);
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            proptest::prop_assert_eq!(digits(&shown), digits(&exact));
        }
    }
}
