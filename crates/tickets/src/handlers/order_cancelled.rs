//! `order:cancelled`: the order's ticket is free again, if that order held it.

use common::event::OrderCancelled;
use messaging::{BatchError, Delivery, Handler, Outcome};
use metrics::counter;
use outbox::batch_error;

use super::orders;
use crate::{store::Store, ticket::Release};

/// Frees tickets.
#[derive(Debug)]
pub struct OnOrderCancelled(pub Store);

impl Handler for OnOrderCancelled {
    type Event = OrderCancelled;

    async fn handle(&self, batch: &[Delivery<OrderCancelled>]) -> Result<Vec<Outcome>, BatchError> {
        let orders = orders(batch, |event| (&event.id, &event.ticket.id));
        for release in self.0.release(&orders).await.map_err(batch_error)? {
            let answer = match release {
                Release::Frees => "freed",
                Release::NotHeld => "not_held",
            };
            counter!("tickets_releases_total", "answer" => answer).increment(1);
        }
        Ok(vec![Outcome::Done; batch.len()])
    }
}
