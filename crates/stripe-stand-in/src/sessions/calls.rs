//! Look-up and expiry of sessions.

use serde_json::Value;

use crate::{
    clock::now,
    error::ApiError,
    form::Form,
    intents::not_expandable,
    objects::{Session, SessionStatus},
    state::State,
    table::PAGING,
};

impl State {
    pub(crate) fn get_session(&mut self, id: &str, form: &Form) -> Result<Value, ApiError> {
        form.only(&["expand"])?;
        self.expire_overdue();
        let session = self.sessions.find(id, "session")?;
        let mut answer = self.render_session(session);
        for property in form.list("expand") {
            if property != "payment_intent" {
                return Err(not_expandable(property));
            }
            let intent = answer["payment_intent"].as_str().and_then(|id| self.intents.get(id));
            answer["payment_intent"] = intent.map_or(Value::Null, |intent| intent.render());
        }
        Ok(answer)
    }

    pub(crate) fn list_sessions(&mut self, form: &Form) -> Result<Value, ApiError> {
        form.only(&[&PAGING[..], &["payment_intent", "status"]].concat())?;
        self.expire_overdue();
        let intent = form.text("payment_intent")?;
        let status = form.word("status", &["open", "complete", "expired"])?;
        let wanted = |session: &Session| {
            intent.is_none_or(|intent| session.intent.as_deref() == Some(intent))
                && status.is_none_or(|status| session.status.as_str() == status)
        };
        self.sessions.page("/v1/checkout/sessions", form, wanted, |session| self.render_session(session))
    }

    pub(crate) fn expire_session(&mut self, id: &str, form: &Form) -> Result<Value, ApiError> {
        form.only(&["expand"])?;
        self.expire_overdue();
        let session = self.sessions.find(id, "session")?;
        if session.status != SessionStatus::Open {
            return Err(ApiError::refused(format!(
                "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status \
                 of `{}`.",
                session.status.as_str()
            )));
        }
        self.expire(id);
        let session = self.sessions.find(id, "session")?;
        Ok(self.render_session(session))
    }

    /// Lets the time of an open session be over.
    pub(crate) fn end_time(&mut self, id: &str) -> Result<(), ApiError> {
        let session = self.sessions.get_mut(id).filter(|session| session.status == SessionStatus::Open);
        let session = session.ok_or_else(|| ApiError::missing("open checkout.session", id, "session"))?;
        self.open_sessions.remove(&(session.expires_at, id.to_owned()));
        session.expires_at = now();
        self.open_sessions.insert((session.expires_at, id.to_owned()));
        self.expire_overdue();
        Ok(())
    }

    /// Expires the sessions whose time is over.
    pub(crate) fn expire_overdue(&mut self) {
        while let Some((expires_at, id)) = self.open_sessions.first().cloned() {
            if expires_at > now() {
                return;
            }
            self.expire(&id);
        }
    }

    fn expire(&mut self, id: &str) {
        let Some(session) = self.close(id, SessionStatus::Expired) else { return };
        // What the page began can't be finished any more.
        if let Some(intent) = &session.intent {
            self.release(intent, Some("automatic"));
        }
        let after = self.render_session(&session);
        self.emit("checkout.session.expired", &after);
    }

    /// Ends a session's time to be paid.
    pub(super) fn close(&mut self, id: &str, status: SessionStatus) -> Option<Session> {
        let session = self.sessions.get_mut(id)?;
        session.status = status;
        self.open_sessions.remove(&(session.expires_at, id.to_owned()));
        Some(session.clone())
    }
}
