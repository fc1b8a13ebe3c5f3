//! Instants and spans as people type them.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use common::{clock, event::Timestamp};
use process::config::duration;

/// An instant: RFC 3339, a time of day in UTC, or a span from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// `2026-01-31T12:00:00Z`
    At(Timestamp),
    /// `12:00` or `12:00:30`, in UTC.
    Clock(NaiveTime),
    /// `10m`, `+10m`, `-5m` or `now`.
    In(Span),
}

/// Which of its days a time of day is meant of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    Today,
    /// The next such time.
    Ahead,
    /// The last such time.
    Behind,
}

/// A span in ms, forward or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) i64);

impl When {
    /// Reads one. Called by clap.
    ///
    /// # Errors
    /// A text that names the value and what is expected.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == "now" {
            return Ok(Self::In(Span(0)));
        }
        let clock = ["%H:%M", "%H:%M:%S"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok());
        if let Some(clock) = clock {
            return Ok(Self::Clock(clock));
        }
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        Span::parse(text).map(Self::In).map_err(|_| {
            format!(
                "`{text}` is no instant; expected 2026-01-31T12:00:00Z, a time of day in UTC such as 12:00, or a \
                 span from now such as 10m or -5m"
            )
        })
    }

    /// With a time of day of today, past or not: for a filter.
    pub(crate) fn today(self) -> Timestamp {
        self.resolve(clock::now(), Day::Today)
    }

    /// With the next such time of day: for what is to happen.
    pub(crate) fn next(self) -> Timestamp {
        self.resolve(clock::now(), Day::Ahead)
    }

    /// With the last such time of day, and a span back whatever its sign: since when.
    pub(crate) fn past(self) -> Timestamp {
        self.resolve(clock::now(), Day::Behind)
    }

    fn resolve(self, now: DateTime<Utc>, day: Day) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::In(Span(ms)) if day == Day::Behind => {
                Timestamp::from_millis(now.timestamp_millis().saturating_sub(ms.saturating_abs()))
            }
            Self::In(Span(ms)) => Timestamp::from_millis(now.timestamp_millis().saturating_add(ms)),
            Self::Clock(clock) => {
                let today = now.date_naive().and_time(clock).and_utc();
                let days = match day {
                    Day::Ahead if today <= now => 1,
                    Day::Behind if today > now => -1,
                    _ => 0,
                };
                (today + TimeDelta::days(days)).into()
            }
        }
    }
}

impl Span {
    /// Reads one, such as `10m` or `-5m`. Called by clap.
    ///
    /// # Errors
    /// A text that names the value and what is expected.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (sign, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let span = duration::parse(unsigned)?;
        Ok(Self(i64::try_from(span.as_millis()).unwrap_or(i64::MAX) * sign))
    }

    /// Reads one that is longer than nothing and forward. Called by clap.
    ///
    /// # Errors
    /// A text that names the value and what is expected.
    pub(crate) fn parse_positive(text: &str) -> Result<Self, String> {
        let span = duration::parse_positive(text)?;
        Ok(Self(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, day: Day) -> String {
        let now = "2026-01-31T12:00:00Z".parse().unwrap();
        When::parse(text).unwrap().resolve(now, day).to_string()
    }

    #[test]
    fn an_instant_is_read_in_every_form() {
        assert_eq!(at("2026-02-01T00:00:00+01:00", Day::Today), "2026-01-31T23:00:00.000Z");
        assert_eq!(at("now", Day::Today), "2026-01-31T12:00:00.000Z");
        assert_eq!(at("10m", Day::Today), "2026-01-31T12:10:00.000Z");
        assert_eq!(at("+250ms", Day::Ahead), "2026-01-31T12:00:00.250Z");
        assert_eq!(at("-5m", Day::Ahead), "2026-01-31T11:55:00.000Z");
        assert_eq!(at("12:30:15", Day::Ahead), "2026-01-31T12:30:15.000Z");
    }

    #[test]
    fn a_time_of_day_is_of_today_for_a_filter_and_the_next_one_for_an_act() {
        assert_eq!(at("09:00", Day::Today), "2026-01-31T09:00:00.000Z");
        assert_eq!(at("09:00", Day::Ahead), "2026-02-01T09:00:00.000Z");
    }

    #[test]
    fn since_when_is_behind_in_every_form() {
        assert_eq!(at("2h", Day::Behind), "2026-01-31T10:00:00.000Z");
        assert_eq!(at("-2h", Day::Behind), "2026-01-31T10:00:00.000Z");
        assert_eq!(at("11:00", Day::Behind), "2026-01-31T11:00:00.000Z");
        assert_eq!(at("13:00", Day::Behind), "2026-01-30T13:00:00.000Z");
    }

    #[test]
    fn what_is_no_instant_is_refused_with_the_forms_that_are() {
        for text in ["", "soon", "10", "25:00", "--5m", "2026-01-31"] {
            let wrong = When::parse(text).unwrap_err();
            assert!(wrong.contains(&format!("`{text}`")) && wrong.contains("10m"), "{wrong}");
        }
        assert!(Span::parse("-").is_err() && Span::parse_positive("0s").is_err());
        assert_eq!(Span::parse("-5m"), Ok(Span(-300_000)));
    }
}
