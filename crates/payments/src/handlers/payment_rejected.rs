//! `payment:rejected`: `orders` can't take a payment, and its money has to go back.

use common::event::PaymentRejected;
use messaging::{BatchError, Delivery, Handler, Outcome};
use outbox::batch_error;

use super::count;
use crate::store::{Rejection, Store};

/// Has the money of rejected payments given back.
#[derive(Debug)]
pub struct OnPaymentRejected(pub Store);

impl Handler for OnPaymentRejected {
    type Event = PaymentRejected;

    async fn handle(&self, batch: &[Delivery<PaymentRejected>]) -> Result<Vec<Outcome>, BatchError> {
        let rejection = |event: &PaymentRejected| Rejection {
            payment: event.id.clone(),
            reason: event.reason.replace('\0', ""),
        };
        let rejections: Vec<Rejection> = batch.iter().map(|delivery| rejection(&delivery.event)).collect();
        let known = self.0.reject(&rejections).await.map_err(batch_error)?;
        count("rejected", &known);
        Ok(vec![Outcome::Done; batch.len()])
    }
}
