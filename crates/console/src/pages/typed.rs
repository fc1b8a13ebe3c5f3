//! What people type into fields: instants and spans.

use chrono::NaiveDateTime;
use common::event::Timestamp;
use process::config::duration;

/// As fields for instants send them, in UTC.
const LOCAL: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];

/// An instant: as a field for it sends it, which is in UTC here, or with a zone.
///
/// # Errors
/// A text for the person who typed it.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let local = LOCAL.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    local
        .map(|at| at.and_utc().into())
        .ok_or_else(|| format!("“{text}” is not an instant; expected one in UTC such as 2026-01-31T12:00:00"))
}

/// A span with its unit, in ms; with a minus sign it is below zero.
///
/// # Errors
/// A text for the person who typed it.
pub(super) fn span_ms(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix(['-', '−']) {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let span = duration::parse(digits)?;
    i64::try_from(span.as_millis()).map(|ms| sign * ms).map_err(|_| format!("“{text}” is too long"))
}

/// Nothing where nothing was typed.
///
/// # Errors
/// As `read` has them.
pub(super) fn optional<T>(
    text: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    if text.trim().is_empty() { Ok(None) } else { read(text).map(Some) }
}

/// A whole number that is at least 1.
///
/// # Errors
/// A text for the person who typed it.
pub(super) fn rate(text: &str) -> Result<u32, String> {
    let number = text.trim().replace(',', "").parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("“{}” is not a whole number above 0", text.trim()))
}

/// A count, with or without its thousands apart.
///
/// # Errors
/// A text for the person who typed it.
pub(super) fn count(text: &str) -> Result<u64, String> {
    let number = text.trim().replace(',', "").parse();
    number.map_err(|_| format!("“{}” is not a whole number", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_in_utc_or_with_its_zone() {
        let noon = Timestamp::from_millis(1_769_860_800_000);
        for text in [
            "2026-01-31T12:00",
            "2026-01-31T12:00:00",
            " 2026-01-31T12:00:00.000Z ",
            "2026-01-31T13:00:00+01:00",
        ] {
            assert_eq!(instant(text), Ok(noon), "{text}");
        }
        assert!(instant("tomorrow").unwrap_err().contains("tomorrow"));
    }

    #[test]
    fn a_span_has_a_unit_and_may_be_below_zero() {
        assert_eq!(
            (span_ms("10m"), span_ms("-90s"), span_ms("+2h")),
            (Ok(600_000), Ok(-90_000), Ok(7_200_000))
        );
        assert!(span_ms("10").is_err() && span_ms("").is_err() && span_ms("--1s").is_err());
        assert_eq!(optional("  ", span_ms), Ok(None));
    }

    #[test]
    fn numbers_are_read_as_they_are_shown() {
        assert_eq!((count("12,345"), rate("100")), (Ok(12_345), Ok(100)));
        assert!(count("many").is_err() && rate("0").is_err());
    }
}
