//! Money that is owed.

use common::{
    event::Id,
    operator::{ActAnswer, Decider, SettleAct},
};

use super::{R, needed_note, request};
use crate::{
    access::Actor,
    app::App,
    audit::{Details, Target},
};

impl App {
    /// A person has seen to a rejected payment.
    ///
    /// # Errors
    /// 400 without a note, 404 not owed, 409 settled before, 503 as all acts.
    pub async fn settle_payment(&self, actor: &Actor, payment: &Id, act: SettleAct) -> R<ActAnswer> {
        let note = needed_note(&act.note)?;
        let (peers, payment) = (self.0.peers.clone(), payment.clone());
        let begun = Details { note: Some(note.clone()), ..Details::default() };
        self.act(actor, "settlePayment", Target::Payment(payment.to_string()), begun, async move {
            let settled = peers.settle(&payment, note).await?;
            let order = &settled.order_id;
            let details = Details { count: Some(1), after: request(&settled), ..Details::default() };
            let message = format!(
                "Payment {payment} of order {order} counts as settled: nothing is owed for it any more."
            );
            let answer =
                ActAnswer { id: payment, decider: Decider::Orders, message, before: None, after: None };
            Ok((answer, details))
        })
        .await
    }
}
