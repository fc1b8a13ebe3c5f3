//! Addresses of the pages, with what stands in them encoded.

use std::fmt::Display;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand in a path as it is, beside letters and digits.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

fn part(text: &str) -> impl Display {
    utf8_percent_encode(text, KEPT)
}

/// The page of an order.
pub(super) fn order(id: &str) -> String {
    format!("/orders/{}", part(id))
}

/// The page of a dead letter.
pub(super) fn letter(sequence: u64) -> String {
    format!("/dead-letters/{sequence}")
}

/// The page of an operation.
pub(super) fn operation(id: &str) -> String {
    format!("/operations/{}", part(id))
}

/// A page with these in its query; those that are empty are left out.
pub(super) fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// What an entry of the audit acted on, if it has a page.
pub(super) fn target(text: &str) -> Option<String> {
    if let Some(id) = text.strip_prefix("order ") {
        return Some(order(id));
    }
    if let Some(sequence) = text.strip_prefix("dead letter ") {
        return sequence.parse().ok().map(letter);
    }
    text.strip_prefix("operation ").map(operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_an_address_is_encoded() {
        assert_eq!(order("a/../b?c"), "/orders/a%2F..%2Fb%3Fc");
        assert_eq!(query("/audit", &[("who", "a&b=c"), ("text", "")]), "/audit?who=a%26b%3Dc");
        assert_eq!(query("/audit", &[]), "/audit");
    }

    #[test]
    fn what_an_act_was_about_leads_to_its_page() {
        assert_eq!(target("order abc").as_deref(), Some("/orders/abc"));
        assert_eq!(target("dead letter 7").as_deref(), Some("/dead-letters/7"));
        assert_eq!(target("operation x").as_deref(), Some("/operations/x"));
        assert_eq!((target("schedule"), target("dead letter x")), (None, None));
    }
}
