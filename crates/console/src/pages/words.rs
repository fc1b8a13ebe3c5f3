//! Instants, spans and numbers as people read them. The script of the pages writes the same ones.

use chrono::{DateTime, SecondsFormat, Utc};
use common::event::Timestamp;
use maud::{Markup, html};

/// An instant in UTC, to the millisecond.
pub(super) fn instant(at: Timestamp) -> Markup {
    let at: DateTime<Utc> = at.into();
    html! {
        time datetime=(at.to_rfc3339_opts(SecondsFormat::Millis, true)) { (at.format("%Y-%m-%d %H:%M:%S%.3f UTC")) }
    }
}

/// The same, and how far off it is.
pub(super) fn near(at: Timestamp, now: Timestamp) -> Markup {
    html! { (instant(at)) " " span.soft { "(" (relative(at, now)) ")" } }
}

/// The time of day alone, for what is from one day.
pub(super) fn time_of_day(at: Timestamp) -> String {
    DateTime::<Utc>::from(at).format("%H:%M:%S%.3f").to_string()
}

/// How far off an instant is, such as `in 4 min 12 s` or `3 h 2 min ago`.
pub(super) fn relative(at: Timestamp, now: Timestamp) -> String {
    match at.as_millis() - now.as_millis() {
        0 => String::from("now"),
        ahead @ 1.. => format!("in {}", span(ahead)),
        behind => format!("{} ago", span(-behind)),
    }
}

/// A span of so many ms, in its two largest units.
pub(super) fn span(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    let (s, m, h) = (ms / 1_000, ms / 60_000, ms / 3_600_000);
    let words = match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", s, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{m} min {} s", s % 60),
        3_600_000..86_400_000 => format!("{h} h {} min", m % 60),
        _ => format!("{} d {} h", h / 24, h % 24),
    };
    format!("{sign}{words}")
}

/// A whole number with its thousands apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things, such as `1 timer` or `2 timers`.
pub(super) fn of(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Bytes in the largest unit that leaves a whole number before the point.
pub(super) fn bytes(number: u64) -> String {
    let (unit, size) = match number {
        0..1_024 => return format!("{number} B"),
        1_024..1_048_576 => ("KiB", 1_024),
        1_048_576..1_073_741_824 => ("MiB", 1_048_576),
        _ => ("GiB", 1_073_741_824),
    };
    format!("{}.{} {unit}", number / size, number % size * 10 / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_names_its_zone_and_is_exact_for_machines() {
        let at = Timestamp::from_millis(1_769_860_800_123);
        let expected = r#"<time datetime="2026-01-31T12:00:00.123Z">2026-01-31 12:00:00.123 UTC</time>"#;
        assert_eq!(instant(at).into_string(), expected);
        assert_eq!(time_of_day(at), "12:00:00.123");
    }

    #[test]
    fn spans_are_written_in_their_two_largest_units() {
        for (ms, text) in [
            (0, "0 ms"),
            (-12, "-12 ms"),
            (1_250, "1.2 s"),
            (59_999, "59.9 s"),
            (252_000, "4 min 12 s"),
            (10_920_000, "3 h 2 min"),
            (183_600_000, "2 d 3 h"),
        ] {
            assert_eq!(span(ms), text);
        }
        let now = Timestamp::from_millis(1_000_000);
        assert_eq!(relative(Timestamp::from_millis(1_252_000), now), "in 4 min 12 s");
        assert_eq!(relative(Timestamp::from_millis(999_000), now), "1.0 s ago");
        assert_eq!(relative(now, now), "now");
    }

    #[test]
    fn numbers_have_their_thousands_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (5_000_000, "5,000,000")] {
            assert_eq!(count(number), text);
        }
        assert_eq!((of(1, "timer"), of(2, "timer")), ("1 timer".to_owned(), "2 timers".to_owned()));
        assert_eq!(
            (bytes(10), bytes(1_536), bytes(3 << 30)),
            ("10 B".to_owned(), "1.5 KiB".to_owned(), "3.0 GiB".to_owned())
        );
    }
}
