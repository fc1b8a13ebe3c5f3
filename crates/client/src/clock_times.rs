//! Instants and spans as people read them.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};

/// An instant in UTC, with the zone named; a script writes it in the visitor's own.
pub(crate) fn shown(at: DateTime<Utc>) -> Markup {
    html! {
        time datetime=(at.to_rfc3339_opts(SecondsFormat::Millis, true)) data-local {
            (at.format("%-d %b %Y, %H:%M UTC"))
        }
    }
}

/// The same to the second, without the day: for what is from just now.
pub(crate) fn of_day(at: DateTime<Utc>) -> Markup {
    html! {
        time datetime=(at.to_rfc3339_opts(SecondsFormat::Millis, true)) data-local="time" {
            (at.format("%H:%M:%S UTC"))
        }
    }
}

/// Minutes and seconds, such as `14:59`, and hours where there are any.
pub(crate) fn countdown(left: Duration) -> String {
    let left = left.as_secs();
    let (hours, minutes, seconds) = (left / 3_600, left / 60 % 60, left % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// In words, such as `2 minutes`.
pub(crate) fn in_words(span: Duration) -> String {
    let seconds = span.as_secs().max(1);
    let (count, unit) = match seconds {
        0..90 => (seconds, "second"),
        90..5_400 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3_600), "hour"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_names_its_zone_and_is_exact_for_machines() {
        let at = DateTime::from_timestamp_millis(1_769_860_800_123).unwrap();
        let expected =
            r#"<time datetime="2026-01-31T12:00:00.123Z" data-local>31 Jan 2026, 12:00 UTC</time>"#;
        assert_eq!(shown(at).into_string(), expected);
    }

    #[test]
    fn spans_are_written_for_people() {
        for (seconds, clock, words) in [
            (0, "0:00", "1 second"),
            (59, "0:59", "59 seconds"),
            (899, "14:59", "15 minutes"),
            (3_600, "1:00:00", "60 minutes"),
            (7_300, "2:01:40", "3 hours"),
        ] {
            let span = Duration::from_secs(seconds);
            assert_eq!((countdown(span).as_str(), in_words(span).as_str()), (clock, words));
        }
    }
}
