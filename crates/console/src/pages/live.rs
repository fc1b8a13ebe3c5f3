//! Figures that a script keeps as they are. Each names its place in the body of `GET /api/status`.

use maud::{Markup, html};

use super::words;

/// What stands where there is nothing.
const NONE: &str = "–";

/// A number.
pub(super) fn count(place: &str, number: u64) -> Markup {
    html! { span data-v=(place) { (words::count(number)) } }
}

/// A number that is there only at times.
pub(super) fn count_at_times(place: &str, number: Option<u64>) -> Markup {
    html! { span data-v=(place) data-none=(NONE) { (number.map_or_else(|| NONE.to_owned(), words::count)) } }
}

/// Yes or no, where it is known.
pub(super) fn yes(place: &str, is: Option<bool>) -> Markup {
    let text = match is {
        Some(true) => "yes",
        Some(false) => "no",
        None => NONE,
    };
    html! { span data-v=(place) data-as="yes" data-none=(NONE) { (text) } }
}

/// A span of so many ms; nothing where there is none.
pub(super) fn age(place: &str, ms: u64) -> Markup {
    let text = if ms == 0 { String::from(NONE) } else { words::span(i64::try_from(ms).unwrap_or(i64::MAX)) };
    html! { span data-v=(place) data-as="age" { (text) } }
}

/// Bytes.
pub(super) fn bytes(place: &str, number: u64) -> Markup {
    html! { span data-v=(place) data-as="bytes" { (words::bytes(number)) } }
}
