//! How times, numbers and colours look.

use chrono::{DateTime, Local};

pub(super) use judge::text::{count, some, span};

use testkit::terminal;

/// How a text looks on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// An order goes on its way.
    Plain,
    /// Money, or something that held.
    Good,
    /// An end, as planned.
    End,
    /// A timer.
    Timer,
    /// Something is broken on purpose.
    Fault,
    /// Not worth a second look.
    Quiet,
}

/// The text in the tone's colour (ECMA-48 SGR).
pub(super) fn paint(text: &str, tone: Tone, colour: bool) -> String {
    let code = match tone {
        _ if !colour => return text.to_owned(),
        Tone::Plain => return text.to_owned(),
        Tone::Good => "32",
        Tone::End => "31",
        Tone::Timer => "33",
        Tone::Fault => "1;35",
        Tone::Quiet => "2",
    };
    terminal::paint(text, code, true)
}

pub(super) fn bold(text: &str, colour: bool) -> String {
    terminal::paint(text, "1", colour)
}

/// The local time of day of an instant in ms since the Unix epoch.
pub(super) fn clock(at_ms: i64) -> String {
    let at = DateTime::from_timestamp_millis(at_ms).unwrap_or_default();
    at.with_timezone(&Local).format("%H:%M:%S%.3f").to_string()
}

/// RFC 3339 in UTC, as on the wire.
pub(super) fn instant(at_ms: i64) -> String {
    common::event::Timestamp::from_millis(at_ms).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_a_text_stays_as_it_is() {
        assert_eq!(paint("x", Tone::End, false), "x");
        assert_eq!(paint("x", Tone::End, true), "\u{1b}[31mx\u{1b}[0m");
    }
}
