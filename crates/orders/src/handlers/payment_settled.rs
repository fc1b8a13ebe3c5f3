//! `payment:settled`: what became of a buyer's money.

use common::event::PaymentSettled;
use messaging::{BatchError, Delivery, Handler, Outcome};
use outbox::batch_error;

use crate::store::Store;

/// Retries for a payment that is not known. Payments settles only what this service decided about, so one that stays
/// unknown is somebody's mistake.
const UNKNOWN_PAYMENT_RETRIES: u32 = 5;

/// Notes where the money is in the end.
#[derive(Debug)]
pub struct OnPaymentSettled(pub Store);

impl Handler for OnPaymentSettled {
    type Event = PaymentSettled;

    async fn handle(&self, batch: &[Delivery<PaymentSettled>]) -> Result<Vec<Outcome>, BatchError> {
        let settled: Vec<&PaymentSettled> = batch.iter().map(|delivery| &delivery.event).collect();
        let known = self.0.settle(&settled).await.map_err(batch_error)?;
        let outcome = |event: &PaymentSettled| {
            if known.contains(&event.id) {
                return Outcome::Done;
            }
            let PaymentSettled { id, order_id, outcome, .. } = event;
            let reason = format!(
                "payment {id} is {outcome}, and is not known here: order {order_id} is not complete by it, nor was it rejected"
            );
            Outcome::retry_at_most(UNKNOWN_PAYMENT_RETRIES, reason)
        };
        Ok(settled.into_iter().map(outcome).collect())
    }
}
