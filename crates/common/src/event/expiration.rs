//! What `expiration` tells the others.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Event, Id, Subject};

/// The time to pay for an order is over. It decides nothing: `orders` does, by its own clock.
///
/// Subject `expiration:complete`, published by `expiration`, listened to by `orders`. Idempotent by `orderId`, and
/// its message id is made of it (`expiration:complete:<orderId>`), so the broker drops most repetitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpirationComplete {
    /// The order whose time is over.
    pub order_id: Id,
}

impl ExpirationComplete {
    /// The `Nats-Msg-Id` of this fact, the same for every publisher and every repetition.
    pub fn message_id(&self) -> String {
        Self::message_id_of(&self.order_id)
    }

    /// The same, of an order that there is no event for yet.
    pub fn message_id_of(order_id: &Id) -> String {
        [Self::SUBJECT.as_str(), ":", order_id.as_str()].concat()
    }
}

impl Event for ExpirationComplete {
    const SUBJECT: Subject = Subject::ExpirationComplete;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_id_is_made_of_the_order() {
        let event = ExpirationComplete { order_id: "o-1".parse().unwrap() };
        assert_eq!(event.message_id(), "expiration:complete:o-1");
    }
}
