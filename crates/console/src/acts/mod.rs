//! What changes something. Each act is allowed or refused by the role, written down before it is done and after it, and goes
//! on to its end though the client that asked for it is gone.

mod bulk;
mod letters;
mod pause;
mod payments;
mod rebuild;
mod retell;
mod timers;

use std::sync::Arc;

use axum::http::{StatusCode, request::Parts};
use serde_json::Value;

use crate::{
    access::{Access, Actor},
    app::App,
    audit::{Author, Details, Target, Unwritten},
    failure::Failure,
};

/// The longest note.
const LONGEST_NOTE: usize = 1_000;

type R<T> = Result<T, Failure>;

impl App {
    /// Whether this actor may do that; a refusal is audited.
    pub(crate) fn allow(&self, actor: &Actor, action: &'static str, target: &Target) -> R<()> {
        let why = if !actor.is_operator() {
            "A viewer sees and does not act: this needs an operator's token"
        } else if self.read_only() {
            "This console only shows (READ_ONLY): nobody acts here"
        } else {
            return Ok(());
        };
        self.0.audit.refused(actor, action, target, why);
        Err(Failure::forbidden(why))
    }

    /// Something was refused before anybody could decide about it: a token that nobody has, a post of another site.
    pub async fn refused(&self, actor: Option<&Actor>, parts: &Parts, action: &str, why: &str) {
        let nobody = Access::nobody(parts);
        self.0.audit.refused(actor.unwrap_or(&nobody), action, &Target::Console, why);
    }

    /// Does `work` between its two entries in the audit.
    async fn act<T, F>(
        &self,
        actor: &Actor,
        action: &'static str,
        target: Target,
        begun: Details,
        work: F,
    ) -> R<T>
    where
        T: Send + 'static,
        F: Future<Output = R<(T, Details)>> + Send + 'static,
    {
        self.allow(actor, action, &target)?;
        let (audit, author) = (Arc::clone(&self.0.audit), Author::from(actor));
        let acting = self.0.acting.spawn(async move {
            let act = audit.begin(author, action, target, begun).await.map_err(|error| unwritten(&error))?;
            match work.await {
                Ok((answer, done)) => {
                    act.done(done).await;
                    Ok(answer)
                }
                Err(failure) => {
                    act.failed(&failure.to_string(), Details::default()).await;
                    Err(failure)
                }
            }
        });
        acting.await.unwrap_or_else(|error| {
            tracing::error!("{action} did not come to its end: {error}");
            Err(Failure::with_status(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"))
        })
    }
}

pub(crate) fn unwritten(error: &Unwritten) -> Failure {
    Failure::away(error.to_string())
}

/// A note that may be left out.
fn note(note: Option<&str>) -> R<Option<String>> {
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
        return Err(Failure::field("note", format!("note must have at most {LONGEST_NOTE} characters")));
    }
    Ok(note.map(str::to_owned))
}

/// A note that must be there.
fn needed_note(text: &str) -> R<String> {
    let wrong = || Failure::field("note", format!("note must be given: 1 to {LONGEST_NOTE} characters"));
    note(Some(text))?.ok_or_else(wrong)
}

/// What was asked for, for the audit.
fn request(body: &impl serde::Serialize) -> Option<Value> {
    serde_json::to_value(body).ok().filter(|value| value.as_object().is_none_or(|fields| !fields.is_empty()))
}
