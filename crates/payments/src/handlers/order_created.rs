//! `order:created`: an order can be paid.

use common::event::OrderCreated;
use messaging::{BatchError, Delivery, Handler, Outcome};
use outbox::batch_error;

use crate::store::{CreatedOrder, Store};

/// Takes over orders.
#[derive(Debug)]
pub struct OnOrderCreated(pub Store);

impl Handler for OnOrderCreated {
    type Event = OrderCreated;

    async fn handle(&self, batch: &[Delivery<OrderCreated>]) -> Result<Vec<Outcome>, BatchError> {
        let orders: Vec<CreatedOrder> = batch.iter().map(|delivery| order(&delivery.event)).collect();
        self.0.add_orders(&orders).await.map_err(batch_error)?;
        Ok(vec![Outcome::Done; batch.len()])
    }
}

fn order(event: &OrderCreated) -> CreatedOrder {
    CreatedOrder {
        id: event.id.clone(),
        version: event.version,
        user_id: event.user_id.clone(),
        price: event.ticket.price,
        expires_at: event.expires_at,
    }
}
