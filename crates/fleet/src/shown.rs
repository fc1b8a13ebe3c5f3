//! Instants, spans, numbers and foreign texts as people read them.

use chrono::{DateTime, SecondsFormat, Utc};
use common::event::Timestamp;

/// `2026-01-31 12:00:00Z, in 9m 12s`
pub(crate) fn instant(at: Timestamp, now_ms: i64) -> String {
    format!("{}, {}", absolute(at), relative(at, now_ms))
}

/// `2026-01-31 12:00:00Z`
pub(crate) fn absolute(at: Timestamp) -> String {
    DateTime::<Utc>::from(at).to_rfc3339_opts(SecondsFormat::Secs, true).replace('T', " ")
}

/// `2026-01-31`
pub(crate) fn date(at: Timestamp) -> String {
    DateTime::<Utc>::from(at).format("%Y-%m-%d").to_string()
}

/// `12:00:00.000`
pub(crate) fn clock(at: Timestamp) -> String {
    DateTime::<Utc>::from(at).format("%H:%M:%S%.3f").to_string()
}

/// `in 9m 12s`, `3s ago` or `now`
pub(crate) fn relative(at: Timestamp, now_ms: i64) -> String {
    let ms = at.as_millis() - now_ms;
    match ms.cmp(&0) {
        _ if ms.unsigned_abs() < 1_000 => "now".to_owned(),
        std::cmp::Ordering::Less => format!("{} ago", span(ms.unsigned_abs())),
        _ => format!("in {}", span(ms.unsigned_abs())),
    }
}

/// `250 ms`, `9.2 s`, `9m 12s`, `3h 5m` or `12d 4h`
pub(crate) fn span(ms: u64) -> String {
    let seconds = ms / 1_000;
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => {
            // Cut off and not rounded: what is not over yet is not shown as if it were.
            let tenths = ms / 100;
            if tenths.is_multiple_of(10) {
                format!("{seconds} s")
            } else {
                format!("{}.{} s", tenths / 10, tenths % 10)
            }
        }
        60_000..3_600_000 => two(seconds / 60, "m", seconds % 60, "s"),
        3_600_000..86_400_000 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "m"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// `+1.2 s`, or `-3 ms`
pub(crate) fn signed_span(ms: i64) -> String {
    format!("{}{}", if ms < 0 { '-' } else { '+' }, span(ms.unsigned_abs()))
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        return format!("{large}{large_unit}");
    }
    format!("{large}{large_unit} {small}{small_unit}")
}

/// `5,000,000`
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 timer`, `2 timers`
pub(crate) fn some(number: u64, what: &str) -> String {
    format!("{} {what}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Bytes as `1.5 MiB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = number as f64;
    let mut unit = 0;
    while value >= 1_024.0 && unit + 1 < UNITS.len() {
        value /= 1_024.0;
        unit += 1;
    }
    if unit == 0 { format!("{number} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// A text of somebody else on one line, with nothing in it that a terminal would obey.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_obeyed(c) { '\u{fffd}' } else { c }).collect()
}

/// The same, where it may have lines.
pub(crate) fn plain_lines(text: &str) -> String {
    text.chars().map(|c| if is_obeyed(c) && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Control characters, and those that turn the direction of what is around them.
fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_shown_in_two_units_at_most_and_never_rounded_up() {
        for (ms, shown) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (9_299, "9.2 s"),
            (59_999, "59.9 s"),
            (60_000, "1m"),
            (552_000, "9m 12s"),
            (11_100_000, "3h 5m"),
            (1_051_200_000, "12d 4h"),
        ] {
            assert_eq!(span(ms), shown);
        }
        assert_eq!(signed_span(-3), "-3 ms");
        assert_eq!(signed_span(1_200), "+1.2 s");
    }

    #[test]
    fn an_instant_is_shown_in_utc_and_from_now() {
        let at: Timestamp = "2026-01-31T12:00:00.000Z".parse().unwrap();
        let now = at.as_millis();
        assert_eq!(instant(at, now - 552_000), "2026-01-31 12:00:00Z, in 9m 12s");
        assert_eq!(instant(at, now + 3_000), "2026-01-31 12:00:00Z, 3 s ago");
        assert_eq!(relative(at, now + 999), "now");
        assert_eq!((date(at), clock(at)), ("2026-01-31".to_owned(), "12:00:00.000".to_owned()));
    }

    #[test]
    fn numbers_are_shown_as_people_read_them() {
        assert_eq!((count(0), count(999), count(5_000_000)), ("0".into(), "999".into(), "5,000,000".into()));
        assert_eq!((some(1, "timer"), some(2_000, "timer")), ("1 timer".into(), "2,000 timers".into()));
        assert_eq!((bytes(1_023), bytes(1_572_864)), ("1023 B".into(), "1.5 MiB".into()));
    }

    #[test]
    fn nothing_in_a_foreign_text_reaches_the_terminal_as_a_command() {
        assert_eq!(plain("a\u{1b}[2J\u{9b}b\nc\u{202e}"), "a\u{fffd}[2J\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(plain_lines("a\nb\r"), "a\nb\u{fffd}");
    }
}
