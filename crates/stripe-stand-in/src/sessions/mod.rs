//! What calls and the page do to Checkout Sessions.

mod calls;
mod create;
mod pay;

use serde_json::{Value, json};

use crate::{
    objects::{IntentStatus, Session, SessionStatus},
    state::State,
};

pub(crate) use pay::Paid;

impl State {
    pub(crate) fn render_session(&self, session: &Session) -> Value {
        let complete = session.status == SessionStatus::Complete;
        let intent = session.intent.as_ref().filter(|_| complete);
        let taken = intent
            .and_then(|id| self.intents.get(id))
            .is_some_and(|intent| intent.status == IntentStatus::Succeeded);
        let open = session.status == SessionStatus::Open;
        json!({
            "id": session.id,
            "object": "checkout.session",
            "amount_subtotal": session.amount,
            "amount_total": session.amount,
            "cancel_url": session.cancel_url,
            "client_reference_id": session.client_reference_id,
            "created": session.created,
            "currency": session.currency,
            "customer": null,
            "customer_details": complete.then(|| json!({
                "email": session.customer_email,
                "name": session.customer_name,
            })),
            "customer_email": session.customer_email,
            "expires_at": session.expires_at,
            "livemode": false,
            "metadata": session.metadata,
            "mode": "payment",
            "payment_intent": intent,
            "payment_method_types": ["card"],
            "payment_status": if taken { "paid" } else { "unpaid" },
            "status": session.status.as_str(),
            "success_url": session.success_url,
            "ui_mode": "hosted_page",
            "url": open.then(|| format!("{}/pay/{}", self.url, session.id)),
        })
    }
}
