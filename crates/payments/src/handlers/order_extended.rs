//! `order:extended`: an order can be paid for longer.

use common::event::OrderExtended;
use messaging::{BatchError, Delivery, Handler, Outcome};
use outbox::batch_error;

use crate::store::{ExtendedOrder, Store};

/// Lets orders be paid for longer. A page that is open already stays so: what closes it is `order:cancelled`.
#[derive(Debug)]
pub struct OnOrderExtended(pub Store);

impl Handler for OnOrderExtended {
    type Event = OrderExtended;

    async fn handle(&self, batch: &[Delivery<OrderExtended>]) -> Result<Vec<Outcome>, BatchError> {
        let order =
            |event: &OrderExtended| ExtendedOrder { id: event.id.clone(), expires_at: event.expires_at };
        let orders: Vec<ExtendedOrder> = batch.iter().map(|delivery| order(&delivery.event)).collect();
        self.0.extend_orders(&orders).await.map_err(batch_error)?;
        Ok(vec![Outcome::Done; batch.len()])
    }
}
