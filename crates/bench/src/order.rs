//! The orders that contenders are given: bodies as the contract has them, each with its due time in its id, so that
//! what was fired can be checked without remembering anything.

use bytes::Bytes;
use common::event::Timestamp;

/// An id of 24 hex digits, as ours have: eight that differ for each number, and the due time in ms.
pub(crate) fn id(number: u32, due_ms: i64) -> String {
    // Odd, so that the multiplication maps each number to another one; and in no order, as random ids.
    format!("{:08x}{due_ms:016x}", number.wrapping_mul(0x9E37_79B1))
}

/// The number that an id was made of.
pub(crate) fn number(id: &str) -> Option<u32> {
    // The inverse of the factor above, modulo 2^32.
    Some(u32::from_str_radix(id.get(..8)?, 16).ok()?.wrapping_mul(0x0E8B_2F51))
}

/// When the order with this id is due, ms since the epoch.
pub(crate) fn due_ms(id: &str) -> Option<i64> {
    i64::from_str_radix(id.get(8..24)?, 16).ok()
}

/// The body of `order:created`, byte for byte as `orders` writes it.
pub(crate) fn created(id: &str, expires_at: &str) -> Bytes {
    format!(
        r#"{{"id":"{id}","version":0,"status":"created","userId":"6b02606ac30802f3896a71b3","expiresAt":"{expires_at}","ticket":{{"id":"6b02606ac30802f3896a71b4","price":20}}}}"#
    )
    .into()
}

/// An instant as it stands in a body.
pub(crate) fn instant(ms: i64) -> String {
    Timestamp::from_millis(ms).to_string()
}

#[cfg(test)]
mod tests {
    use common::event::OrderCreated;

    use super::*;

    #[test]
    fn an_id_tells_when_its_order_is_due() {
        let (first, second) = (id(1, 1_769_860_800_123), id(2, 1_769_860_800_123));
        assert_ne!(first, second);
        assert_eq!(first.len(), 24);
        assert_eq!(due_ms(&first), Some(1_769_860_800_123));
        assert_eq!((number(&first), number(&second)), (Some(1), Some(2)));
    }

    #[test]
    fn a_body_is_written_as_the_contract_has_it() {
        let (id, at) = (id(7, 1_769_860_800_123), instant(1_769_860_800_123));
        let body = created(&id, &at);
        let event: OrderCreated = serde_json::from_slice(&body).unwrap();
        assert_eq!(serde_json::to_vec(&event).unwrap(), body);
    }
}
