//! Figures that a script keeps as they are. Each names its place in the body of `GET /api/status`.

use maud::{Markup, html};

use super::words;

/// A number.
pub(super) fn count(place: &str, number: u64) -> Markup {
    html! { span data-v=(place) { (words::count(number)) } }
}

/// A span of so many ms; nothing where there is none.
pub(super) fn age(place: &str, ms: u64) -> Markup {
    let text = if ms == 0 { String::from("–") } else { words::span(i64::try_from(ms).unwrap_or(i64::MAX)) };
    html! { span data-v=(place) data-as="age" { (text) } }
}

/// Bytes.
pub(super) fn bytes(place: &str, number: u64) -> Markup {
    html! { span data-v=(place) data-as="bytes" { (words::bytes(number)) } }
}
