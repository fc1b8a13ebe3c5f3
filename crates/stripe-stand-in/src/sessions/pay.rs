//! Paying a session on its page.

use crate::{
    error::ApiError,
    objects::{IntentStatus, NewIntent, PaymentMethod, Session, SessionStatus},
    state::State,
    tokens::Card,
};

/// Where a buyer goes next.
#[derive(Debug)]
pub(crate) enum Paid {
    /// Back to the shop.
    Complete(String),
    /// To the bank's question about this intent.
    Authenticate(String),
}

impl State {
    /// Pays a session with this card. The error says why that failed; the session stays open.
    pub(crate) fn pay_session(
        &mut self,
        id: &str,
        card: Card,
        name: Option<String>,
    ) -> Result<Paid, ApiError> {
        self.expire_overdue();
        let session = self.sessions.find(id, "session")?;
        if session.status != SessionStatus::Open {
            return Err(ApiError::refused("This Checkout Session can't be paid any more."));
        }
        let intent = match &session.intent {
            Some(intent) => intent.clone(),
            None => self.start_payment(id)?,
        };
        if let Some(session) = self.sessions.get_mut(id) {
            session.customer_name = name;
        }
        self.give_method(&intent, PaymentMethod::new(card));
        self.attempt(&intent, false)?;
        let waits =
            self.intents.get(&intent).is_some_and(|intent| intent.status == IntentStatus::RequiresAction);
        if waits {
            return Ok(Paid::Authenticate(intent));
        }
        self.complete(id).map(Paid::Complete)
    }

    /// The buyer's answer to the bank's question, on the page of a session or of an intent without one.
    pub(crate) fn answer_bank(&mut self, intent: &str, passed: bool) -> Result<Option<String>, ApiError> {
        self.expire_overdue();
        self.authenticate(intent, passed)?;
        let intent = self.intents.find(intent, "intent")?;
        match intent.session.clone() {
            Some(session) => self.complete(&session).map(Some),
            None => Ok(intent.return_url.clone()),
        }
    }

    /// The intent is made when the page first confirms it.
    fn start_payment(&mut self, id: &str) -> Result<String, ApiError> {
        let session = self.sessions.find(id, "session")?;
        let intent = new_intent(session).build();
        let made = intent.id.clone();
        self.insert_intent(intent);
        if let Some(session) = self.sessions.get_mut(id) {
            session.intent = Some(made.clone());
        }
        Ok(made)
    }

    /// Where the shop waits for the buyer.
    fn complete(&mut self, id: &str) -> Result<String, ApiError> {
        let session = self.close(id, SessionStatus::Complete);
        let session = session.ok_or_else(|| ApiError::missing("checkout.session", id, "session"))?;
        let after = self.render_session(&session);
        self.emit("checkout.session.completed", &after);
        Ok(session.success_url())
    }
}

fn new_intent(session: &Session) -> NewIntent {
    NewIntent {
        amount: session.amount,
        currency: session.currency.clone(),
        capture_method: session.capture_method,
        metadata: session.intent_metadata.clone(),
        description: session.intent_description.clone(),
        session: Some(session.id.clone()),
    }
}
