//! Durations in settings carry their unit: `15m`, `30s`, `250ms`. A bare number means something else to everyone.
//!
//! Ours, because the libraries for it take more than that: `15M` as months, `1h 30m`, or a bare number as seconds.

use std::{fmt, time::Duration};

const EXPECTED: &str = "expected a number with a unit (ms, s, m, h or d), such as 250ms, 30s or 15m";

/// From the largest to the smallest, each with its milliseconds. `ms` comes before `s` and `m` for [`parse`].
const UNITS: [(&str, u64); 5] = [("ms", 1), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];

/// A hundred years: an instant plus such a duration is still an instant, here and in the servers.
const LONGEST_MS: u64 = 36_500 * 86_400_000;

/// Reads a duration of whole milliseconds, such as `30s`; zero is allowed.
///
/// # Errors
/// A text that names the value and what is expected.
pub fn parse(text: &str) -> Result<Duration, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("`{text}` has no unit; {EXPECTED}"));
    }
    let wrong = || format!("`{text}` is not a duration; {EXPECTED}");
    let (digits, unit_ms) =
        UNITS.iter().find_map(|(unit, ms)| Some((text.strip_suffix(unit)?, *ms))).ok_or_else(wrong)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let ms = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit_ms));
    match ms {
        Some(ms) if ms <= LONGEST_MS => Ok(Duration::from_millis(ms)),
        _ => Err(format!("`{text}` is too long; expected at most 36500d")),
    }
}

/// Reads a duration that must not be zero: see [`parse`].
///
/// # Errors
/// A text that names the value and what is expected.
pub fn parse_positive(text: &str) -> Result<Duration, String> {
    match parse(text)? {
        Duration::ZERO => Err(format!("`{text}` is no time at all; expected more than zero, such as 30s")),
        duration => Ok(duration),
    }
}

/// Shows a duration as settings write it, in the largest unit that divides it. What is finer than a millisecond is
/// cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithUnit(pub Duration);

impl fmt::Display for WithUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        let (unit, unit_ms) = UNITS
            .into_iter()
            .filter(|(_, unit_ms)| ms.is_multiple_of(u128::from(*unit_ms)) && ms > 0)
            .max_by_key(|(_, unit_ms)| *unit_ms)
            .unwrap_or(("s", 1_000));
        write!(f, "{}{unit}", ms / u128::from(unit_ms))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (text, seconds) in [("30s", 30), ("15m", 900), ("1h", 3_600), ("366d", 31_622_400), ("0s", 0)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn a_bare_number_is_refused_with_the_units_it_could_have() {
        let wrong = parse("20").unwrap_err();
        assert!(wrong.contains("`20` has no unit") && wrong.contains("15m"), "{wrong}");
    }

    #[test]
    fn what_is_not_one_number_and_one_unit_is_refused() {
        for text in ["", "s", "ms", "-1s", "+1s", "1.5s", "1 s", "1h30m", "1S", "1w", "٣s", "1us", "s1"] {
            assert!(parse(text).is_err(), "{text:?} was read as {:?}", parse(text));
        }
    }

    #[test]
    fn a_number_too_large_is_refused_rather_than_wrapped() {
        for text in ["36501d", "18446744073709551615d", "99999999999999999999s"] {
            assert!(parse(text).unwrap_err().contains("too long"), "{text}");
        }
        assert!(parse("36500d").is_ok());
    }

    #[test]
    fn zero_is_refused_where_it_makes_no_sense() {
        assert!(parse_positive("0ms").unwrap_err().contains("more than zero"));
        assert_eq!(parse_positive("1ms"), Ok(Duration::from_millis(1)));
    }

    #[test]
    fn a_duration_is_shown_in_its_largest_whole_unit() {
        for (ms, shown) in [(0, "0s"), (250, "250ms"), (90_000, "90s"), (900_000, "15m"), (172_800_000, "2d")]
        {
            assert_eq!(WithUnit(Duration::from_millis(ms)).to_string(), shown);
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back_as_the_same_duration(ms in 0..=LONGEST_MS) {
            let duration = Duration::from_millis(ms);
            prop_assert_eq!(parse(&WithUnit(duration).to_string()), Ok(duration));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            if let Ok(duration) = parse(&text) {
                prop_assert_eq!(parse(&WithUnit(duration).to_string()), Ok(duration));
            }
        }
    }
}
