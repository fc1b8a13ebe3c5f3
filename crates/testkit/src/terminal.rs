//! Lines on stdout, and their colours on a terminal.

use std::io::{IsTerminal as _, Write as _};

use crate::paths;

/// Whether stdout takes colours: a terminal does, unless a person asked for none (<https://no-color.org>).
pub fn wants_colour() -> bool {
    let dumb = paths::variable("TERM").is_some_and(|term| term == "dumb");
    std::io::stdout().is_terminal() && paths::variable("NO_COLOR").is_none() && !dumb
}

/// The text with a code of ECMA-48 SGR, such as `31` for red.
pub fn paint(text: &str, code: &str, colour: bool) -> String {
    if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// One line on stdout. A reader that has closed it wants no more of them.
pub fn write(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// `2,000`
pub fn count(number: usize) -> String {
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

#[cfg(test)]
mod tests {
    use super::paint;

    #[test]
    fn without_colour_a_text_stays_as_it_is() {
        assert_eq!(paint("x", "31", false), "x");
        assert_eq!(paint("x", "31", true), "\u{1b}[31mx\u{1b}[0m");
    }
}
