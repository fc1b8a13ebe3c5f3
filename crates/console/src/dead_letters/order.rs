//! Which order a dead letter names.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use common::event::Id;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: Value,
    #[serde(default, rename = "orderId")]
    order_id: Value,
}

/// The order that a body names, also one that is cut or broken behind it.
pub(super) fn named(subject: &str, body: &[u8]) -> Option<Id> {
    let of_order = subject.starts_with("order:");
    if let Ok(Named { id, order_id }) = serde_json::from_slice(body) {
        let id = if of_order { id } else { order_id };
        return id.as_str()?.parse().ok();
    }
    found(if of_order { "\"id\"" } else { "\"orderId\"" }, body)
}

/// The text behind the first key of this name.
fn found(key: &str, body: &[u8]) -> Option<Id> {
    let text = String::from_utf8_lossy(body);
    let behind = text.split_once(key)?.1.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    behind.split_once('"')?.0.parse().ok()
}

/// A number that stands for an order in the index; 0 for none.
pub(super) fn number(order: Option<&Id>) -> u64 {
    let Some(order) = order else { return 0 };
    let mut hasher = DefaultHasher::new();
    order.as_str().hash(&mut hasher);
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(subject: &str, body: &str) -> Option<String> {
        named(subject, body.as_bytes()).map(|id| id.to_string())
    }

    #[test]
    fn an_order_is_found_where_its_event_names_it() {
        assert_eq!(order("order:created", r#"{"ticket":{"id":"t"},"id":"o"}"#).as_deref(), Some("o"));
        assert_eq!(order("payment:created", r#"{"id":"p","orderId":"o"}"#).as_deref(), Some("o"));
        assert_eq!(order("ticket:created", r#"{"id":"t"}"#), None);
        assert_eq!(order("expiration:complete", r#"{"orderId":7}"#), None);
    }

    #[test]
    fn an_order_is_found_in_a_body_that_is_cut_behind_it() {
        assert_eq!(order("expiration:complete", r#"{"orderId" : "o1", "x": "yyy"#).as_deref(), Some("o1"));
        for body in ["", "{", r#"{"orderId":"#, r#"{"orderId":"a b""#, r#"{"orderId":"o"#] {
            assert_eq!(order("expiration:complete", body), None, "{body}");
        }
    }
}
