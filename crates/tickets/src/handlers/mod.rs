//! What comes in from the other services. A handler turns events into one verb of the store and the verb's answers
//! into outcomes; it never acks and never publishes.

mod order_cancelled;
mod order_created;

use common::event::Id;
use messaging::Delivery;

use crate::store::OrderTicket;

pub use order_cancelled::OnOrderCancelled;
pub use order_created::OnOrderCreated;

/// What each event of a batch is about; `ids` reads its order and its ticket.
fn orders<E>(batch: &[Delivery<E>], ids: impl Fn(&E) -> (&Id, &Id)) -> Vec<OrderTicket> {
    let order_of = |delivery: &Delivery<E>| {
        let (order, ticket) = ids(&delivery.event);
        OrderTicket { order: order.clone(), ticket: ticket.clone(), traceparent: delivery.traceparent }
    };
    batch.iter().map(order_of).collect()
}
