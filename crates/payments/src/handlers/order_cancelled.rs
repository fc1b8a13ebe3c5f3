//! `order:cancelled`: an order can't be paid any more.

use common::event::OrderCancelled;
use messaging::{BatchError, Delivery, Handler, Outcome};
use outbox::batch_error;

use crate::store::{CancelledOrder, Store};

/// Has pages of cancelled orders closed. What is authorised already is for `orders` to reject.
#[derive(Debug)]
pub struct OnOrderCancelled(pub Store);

impl Handler for OnOrderCancelled {
    type Event = OrderCancelled;

    async fn handle(&self, batch: &[Delivery<OrderCancelled>]) -> Result<Vec<Outcome>, BatchError> {
        let order = |event: &OrderCancelled| CancelledOrder { id: event.id.clone(), version: event.version };
        let orders: Vec<CancelledOrder> = batch.iter().map(|delivery| order(&delivery.event)).collect();
        self.0.cancel_orders(&orders).await.map_err(batch_error)?;
        Ok(vec![Outcome::Done; batch.len()])
    }
}
