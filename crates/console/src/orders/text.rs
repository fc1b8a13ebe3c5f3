//! Times for a person.

use common::event::Timestamp;

/// How long something takes or took, to a person: `3 ms`, `4.2 s`, `12 min 3 s`, `2 h 5 min`, `3 d 4 h`.
pub(crate) fn span(ms: i64) -> String {
    let ms = ms.unsigned_abs();
    let (s, rest) = (ms / 1_000, ms % 1_000);
    match s {
        0 => format!("{ms} ms"),
        1..60 => format!("{s}.{} s", rest / 100),
        60..3_600 => format!("{} min {} s", s / 60, s % 60),
        3_600..86_400 => format!("{} h {} min", s / 3_600, s % 3_600 / 60),
        _ => format!("{} d {} h", s / 86_400, s % 86_400 / 3_600),
    }
}

/// From one instant to the other, in ms; below zero if it is before it.
pub(crate) const fn between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_millis() - from.as_millis()
}

/// An instant moved by so many ms.
pub(crate) const fn plus(at: Timestamp, ms: i64) -> Timestamp {
    Timestamp::from_millis(at.as_millis().saturating_add(ms))
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_span_has_the_two_units_that_matter() {
        let spans = [3, 4_260, 723_000, 7_500_000, 273_600_000, -40].map(span);
        assert_eq!(spans, ["3 ms", "4.2 s", "12 min 3 s", "2 h 5 min", "3 d 4 h", "40 ms"]);
    }
}
