//! Questions to JetStream, as JSON: a setting that this build does not know stays as it is when another is changed.

use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use async_nats::{
    Client, Request,
    jetstream::{self, response::Response},
};
use serde_json::Value;
use tokio::sync::watch;

/// Time that a request may take before it counts as unanswered.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection that JetStream has answered on.
pub(crate) struct Broker {
    client: Client,
    refusal: watch::Receiver<Option<String>>,
}

/// What the broker has answered.
pub(crate) enum Answer {
    /// It is so, or it is done.
    Done(Value),
    /// It understood, and does not do it.
    Refused(jetstream::Error),
}

impl Broker {
    /// `refusal` is what the user was last told that it may not do.
    pub(crate) fn new(client: Client, refusal: watch::Receiver<Option<String>>) -> Self {
        Self { client, refusal }
    }

    /// Sends one request of the JetStream API, such as `STREAM.INFO.<name>`.
    ///
    /// # Errors
    /// When there is no answer, or the user may not ask.
    pub(crate) async fn ask(&self, subject: &str, body: Option<&Value>) -> Result<Answer> {
        let subject = format!("$JS.API.{subject}");
        // The broker takes no `null` for nothing, as the client's own JetStream requests have it.
        let body = body.map(serde_json::to_vec).transpose().context("write a request as JSON")?;
        let request = Request::new().payload(body.unwrap_or_default().into()).timeout(Some(REQUEST_TIMEOUT));
        let mut refusal = self.refusal.clone();
        let answer = tokio::select! {
            answer = self.client.send_request(subject.clone(), request) => answer,
            heard = refusal.wait_for(Option::is_some) => return Err(forbidden(heard.ok().as_deref())),
        };
        let answer = answer.with_context(|| format!("no answer to {subject}"))?;
        let answer = serde_json::from_slice(&answer.payload);
        match answer.with_context(|| format!("read the answer to {subject}"))? {
            Response::Ok(done) => Ok(Answer::Done(done)),
            Response::Err { error } => Ok(Answer::Refused(error)),
        }
    }

    /// What the user was last told that it may not do.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.refusal.borrow().clone()
    }
}

fn forbidden(text: Option<&Option<String>>) -> Error {
    let text = text.and_then(Option::as_deref).unwrap_or_default();
    anyhow!("the user in NATS_URL may not do this: connect as the user `admin` ({text})")
}
