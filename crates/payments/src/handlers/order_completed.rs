//! `order:completed`: an order is paid, and its money can be taken.

use common::event::OrderCompleted;
use messaging::{BatchError, Delivery, Handler, Outcome};
use outbox::batch_error;

use super::count;
use crate::store::{CompletedOrder, Store};

/// Has the money of complete orders captured.
#[derive(Debug)]
pub struct OnOrderCompleted(pub Store);

impl Handler for OnOrderCompleted {
    type Event = OrderCompleted;

    async fn handle(&self, batch: &[Delivery<OrderCompleted>]) -> Result<Vec<Outcome>, BatchError> {
        let order = |event: &OrderCompleted| CompletedOrder {
            id: event.id.clone(),
            version: event.version,
            payment_id: event.payment_id.clone(),
        };
        let orders: Vec<CompletedOrder> = batch.iter().map(|delivery| order(&delivery.event)).collect();
        let known = self.0.complete_orders(&orders).await.map_err(batch_error)?;
        count("completed", &known);
        Ok(vec![Outcome::Done; batch.len()])
    }
}
