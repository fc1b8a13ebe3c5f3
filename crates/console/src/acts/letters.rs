//! Acts on one dead letter. The engine writes its own entries into the audit.

use common::operator::{Discard, Replay, Replayed};

use super::{R, needed_note, note};
use crate::{
    access::Actor,
    app::App,
    audit::{Author, Target},
    dead_letters::ActError,
    failure::Failure,
};

impl App {
    /// Replays a dead letter to its consumer alone, perhaps with another body.
    ///
    /// # Errors
    /// 400 with the place where the body is no event, 404, 503 the broker is away.
    pub async fn replay_dead_letter(&self, actor: &Actor, sequence: u64, act: Replay) -> R<Replayed> {
        self.allow(actor, "replayDeadLetter", &Target::DeadLetter(sequence))?;
        let act = Replay { note: note(act.note.as_deref())?, ..act };
        let (letters, author) = (self.0.dead_letters.clone(), Author::from(actor));
        let acting = self.0.acting.spawn(async move { letters.replay(author, sequence, act).await });
        ended(acting.await)
    }

    /// Discards a dead letter, which is kept in the audit.
    ///
    /// # Errors
    /// 400 without a note, 404, 503 the broker is away.
    pub async fn discard_dead_letter(&self, actor: &Actor, sequence: u64, act: Discard) -> R<Replayed> {
        self.allow(actor, "discardDeadLetter", &Target::DeadLetter(sequence))?;
        let act = Discard { note: needed_note(&act.note)? };
        let (letters, author) = (self.0.dead_letters.clone(), Author::from(actor));
        let acting = self.0.acting.spawn(async move { letters.discard(author, sequence, act).await });
        ended(acting.await)
    }
}

fn ended(ended: Result<Result<Replayed, ActError>, tokio::task::JoinError>) -> R<Replayed> {
    match ended {
        Ok(Ok(replayed)) => Ok(replayed),
        Ok(Err(unknown @ ActError::Unknown(_))) => Err(Failure::not_found(unknown.to_string())),
        Ok(Err(ActError::Invalid { field, message })) => Err(Failure::field(field, message)),
        Ok(Err(conflict @ ActError::Conflict(_))) => Err(Failure::conflict(conflict.to_string())),
        Ok(Err(away @ (ActError::Away(_) | ActError::Unwritten(_)))) => Err(Failure::away(away.to_string())),
        Err(error) => {
            tracing::error!("an act on a dead letter did not come to its end: {error}");
            Err(Failure::with_status(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"))
        }
    }
}
