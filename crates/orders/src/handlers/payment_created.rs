//! `payment:created`: a buyer's money is there.

use common::event::PaymentCreated;
use messaging::{BatchError, Delivery, Handler, Outcome};
use outbox::batch_error;

use crate::store::Store;

/// Completes orders that are paid. Money for an order that can't be completed is rejected, which is a fact of the business
/// and no dead letter.
#[derive(Debug)]
pub struct OnPaymentCreated(pub Store);

impl Handler for OnPaymentCreated {
    type Event = PaymentCreated;

    async fn handle(&self, batch: &[Delivery<PaymentCreated>]) -> Result<Vec<Outcome>, BatchError> {
        let payments = batch.iter().map(|delivery| &delivery.event);
        let storable: Vec<&PaymentCreated> =
            payments.clone().filter(|payment| outcome(payment) == Outcome::Done).collect();
        self.0.pay(&storable).await.map_err(batch_error)?;
        Ok(payments.map(outcome).collect())
    }
}

/// JSON can say U+0000 in a text, and Postgres can't store it.
fn outcome(payment: &PaymentCreated) -> Outcome {
    if payment.stripe_id.contains('\0') {
        return Outcome::reject(format!(
            "the stripeId of payment {} for order {} has a U+0000, which can't be stored",
            payment.id, payment.order_id
        ));
    }
    Outcome::Done
}
