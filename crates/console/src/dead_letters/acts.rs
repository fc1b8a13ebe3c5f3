//! Acts on one letter. Each is written down before and after, and can be done again wherever it was cut off.

use common::{
    event::Subject,
    operator::{Discard, Replay, Replayed},
};
use messaging::{Letter, Queued, ReplayError, check_event};
use serde_json::{Value, json};

use super::{DeadLetters, view};
use crate::audit::{Act, Author, Details, Target, Unwritten};

/// Bytes of a letter's body that the audit keeps when it is discarded.
const MOST_KEPT: usize = 64 * 1024;
/// Characters of a note.
const LONGEST_NOTE: usize = 1_000;

/// Why nothing was done, or it is not known that it was.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// There never was such a letter (404).
    #[error("There is no dead letter {0}")]
    Unknown(u64),
    /// It can't be done like this (400).
    #[error("{message}")]
    Invalid {
        /// The field of the request.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// It was replayed a moment ago, and nobody can say that it was with this body (409).
    #[error(
        "Dead letter {0} is on its way back already, not known to be with this body: the audit says who replayed it"
    )]
    Conflict(u64),
    /// The broker does not answer (503). Doing it again is harmless.
    #[error("The broker does not answer: {0:#}")]
    Away(anyhow::Error),
    /// The audit can't be written (503), and nothing was done.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

impl DeadLetters {
    /// Takes a letter back to its consumer, with its own body or another one, and deletes it. The letter is there until its
    /// replay is stored; done twice, it is stored once.
    ///
    /// # Errors
    /// See [`ActError`].
    pub async fn replay(
        &self,
        author: impl Into<Author>,
        sequence: u64,
        replay: Replay,
    ) -> Result<Replayed, ActError> {
        let author = author.into();
        let Replay { body, note } = replay;
        check_note(note.as_deref(), false)?;
        let Some(letter) = self.find(sequence).await? else { return self.already(sequence).await };
        check_body(&letter, body.as_deref())?;
        let request = body.as_ref().map(|body| json!({ "body": kept(body) }));
        let details = Details { before: Some(about(&letter)), request, note, ..Details::default() };
        let act = self.audit.begin(author, "replayDeadLetter", Target::DeadLetter(sequence), details).await?;
        let edited = body.is_some();
        match self.letters.replayer.replay(&letter, body.map(Into::into)).await {
            Ok(queued) => self.delete(act, &letter, said(&letter, queued, edited)).await,
            Err(ReplayError::Impossible { reason, .. }) => {
                act.failed(&reason, Details::default()).await;
                Err(ActError::Invalid { field: "body", message: reason })
            }
            Err(ReplayError::Conflict { .. }) => {
                let conflict = ActError::Conflict(sequence);
                act.failed(&conflict.to_string(), Details::default()).await;
                Err(conflict)
            }
            Err(unknown @ ReplayError::Unknown { .. }) => Err(away(act, unknown.into()).await),
        }
    }

    /// Deletes a letter, which the audit keeps.
    ///
    /// # Errors
    /// See [`ActError`].
    pub async fn discard(
        &self,
        author: impl Into<Author>,
        sequence: u64,
        discard: Discard,
    ) -> Result<Replayed, ActError> {
        let author = author.into();
        check_note(Some(&discard.note), true)?;
        let Some(letter) = self.find(sequence).await? else { return self.already(sequence).await };
        let note = Some(discard.note);
        let details = Details { before: Some(whole(&letter)), note, ..Details::default() };
        let act =
            self.audit.begin(author, "discardDeadLetter", Target::DeadLetter(sequence), details).await?;
        let message = format!("Dead letter {sequence} is discarded; the audit has it, and why.");
        self.delete(act, &letter, message).await
    }

    async fn find(&self, sequence: u64) -> Result<Option<Letter>, ActError> {
        self.letters.get(sequence).await.map_err(ActError::Away)
    }

    /// A letter that is not there was dealt with before, unless there never was one.
    async fn already(&self, sequence: u64) -> Result<Replayed, ActError> {
        let state = self.letters.there.state().await.map_err(ActError::Away)?;
        if sequence == 0 || sequence > state.last {
            return Err(ActError::Unknown(sequence));
        }
        let message = format!("Dead letter {sequence} was replayed or discarded before; nothing was done.");
        Ok(Replayed { sequence, already: true, message })
    }

    async fn delete(&self, act: Act, letter: &Letter, message: String) -> Result<Replayed, ActError> {
        let sequence = letter.sequence;
        if let Err(error) = self.letters.there.delete(sequence).await {
            return Err(away(act, error).await);
        }
        self.letters.index().remove(sequence);
        act.done(Details { note: Some(message.clone()), ..Details::default() }).await;
        Ok(Replayed { sequence, already: false, message })
    }
}

async fn away(act: Act, error: anyhow::Error) -> ActError {
    act.failed(&format!("{error:#}"), Details::default()).await;
    ActError::Away(error)
}

fn said(letter: &Letter, queued: Queued, edited: bool) -> String {
    let (sequence, consumer) = (letter.sequence, letter.consumer());
    match queued {
        Queued::Now if edited => format!("Dead letter {sequence} goes back to {consumer} with another body."),
        Queued::Now => format!("Dead letter {sequence} goes back to {consumer}."),
        Queued::Already => {
            format!("Dead letter {sequence} was on its way back to {consumer} already, as it was sent then.")
        }
    }
}

fn check_note(note: Option<&str>, is_needed: bool) -> Result<(), ActError> {
    let length = note.map_or(0, |note| note.trim().chars().count());
    let message = match length {
        0 if is_needed => "say why, in 1 to 1,000 characters",
        0..=LONGEST_NOTE => return Ok(()),
        _ => "at most 1,000 characters",
    };
    Err(ActError::Invalid { field: "note", message: message.to_owned() })
}

fn check_body(letter: &Letter, body: Option<&str>) -> Result<(), ActError> {
    let invalid = |message: String| Err(ActError::Invalid { field: "body", message });
    let Some(body) = body else {
        return match letter.cut_from() {
            Some(_) => invalid("the body was cut when it was kept: replay it with a whole one".to_owned()),
            None => Ok(()),
        };
    };
    match letter.subject().parse::<Subject>() {
        Ok(subject) => check_event(subject, body.as_bytes()).or_else(|wrong| invalid(wrong.to_string())),
        Err(_) => invalid(format!(
            "{:?} is no subject of the contract, so nothing is known of its bodies",
            letter.subject()
        )),
    }
}

/// What the audit says of a letter that is replayed: where it came from and why it was given up. Its body travels on.
fn about(letter: &Letter) -> Value {
    json!({
        "consumer": letter.consumer(),
        "subject": letter.subject(),
        "stream": letter.stream(),
        "streamSequence": letter.stream_sequence(),
        "reason": letter.reason(),
        "replays": letter.replays(),
    })
}

/// All of a letter.
fn whole(letter: &Letter) -> Value {
    let shown = view::whole(letter, String::new());
    let mut value = about(letter);
    value["headers"] = json!(shown.headers);
    value["publishedAt"] = json!(shown.published_at);
    value["body"] = json!(kept(&shown.body));
    value["exact"] = json!(shown.exact && shown.body.len() <= MOST_KEPT);
    value
}

fn kept(body: &str) -> &str {
    let mut end = body.len().min(MOST_KEPT);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    &body[..end]
}
