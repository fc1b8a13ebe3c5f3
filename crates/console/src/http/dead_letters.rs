//! `/api/dead-letters`

use axum::{Extension, Json, extract::State};
use common::{
    api::ErrorBody,
    event::Id,
    operator::{DeadLetter, DeadLetterFilter, DeadLetterGroups, DeadLetterPage, Discard, Replay, Replayed},
};

use super::{
    body::Body,
    query::{Parameters, PathSequence},
};
use crate::{access::Actor, app::App, failure::Failure};

/// Letters of a page for whoever asks for no number.
const DEFAULT: usize = 100;

/// Dead letters by consumer and reason, the largest group first.
#[utoipa::path(
    get,
    path = "/api/dead-letters/groups",
    operation_id = "listDeadLetterGroups",
    responses((status = 200, description = "All groups.", body = DeadLetterGroups))
)]
pub(super) async fn groups(State(app): State<App>) -> Result<Json<DeadLetterGroups>, Failure> {
    app.dead_letter_groups().await.map(Json)
}

/// Dead letters that match, the newest first, in pages.
#[utoipa::path(
    get,
    path = "/api/dead-letters",
    operation_id = "listDeadLetters",
    params(
        ("group" = Option<String>, Query, description = "Of this group."),
        ("consumer" = Option<String>, Query, description = "Of this consumer."),
        ("order" = Option<Id>, Query, description = "That name this order."),
        ("after" = Option<u64>, Query, description = "The sequence `next` of the page before."),
        ("limit" = Option<u32>, Query, description = "At most so many, 1 to 1,000. Without it 100."),
    ),
    responses(
        (status = 200, description = "A page.", body = DeadLetterPage),
        (status = 400, description = "A parameter is not valid.", body = ErrorBody),
    )
)]
pub(super) async fn list(State(app): State<App>, query: Parameters) -> Result<Json<DeadLetterPage>, Failure> {
    let filter = DeadLetterFilter {
        group: query.text("group"),
        consumer: query.text("consumer"),
        order: query.read("order")?,
    };
    app.dead_letters(&filter, query.sequence("after")?, query.limit(DEFAULT)?).await.map(Json)
}

/// One dead letter, whole.
#[utoipa::path(
    get,
    path = "/api/dead-letters/{sequence}",
    operation_id = "getDeadLetter",
    params(("sequence" = u64, Path, description = "Its sequence among the dead letters.")),
    responses(
        (status = 200, description = "The letter.", body = DeadLetter),
        (status = 404, description = "There is no such letter.", body = ErrorBody),
    )
)]
pub(super) async fn show(
    State(app): State<App>,
    PathSequence(sequence): PathSequence,
) -> Result<Json<DeadLetter>, Failure> {
    app.dead_letter(sequence).await.map(Json)
}

/// Replays a dead letter to its consumer alone, as it is or with another body. A second time it does no harm.
#[utoipa::path(
    post,
    path = "/api/dead-letters/{sequence}/replay",
    operation_id = "replayDeadLetter",
    params(("sequence" = u64, Path, description = "Its sequence among the dead letters.")),
    request_body = Replay,
    responses(
        (status = 200, description = "It is on its way.", body = Replayed),
        (status = 400, description = "The body is no event of its subject, or was cut; where is in the message.", body = ErrorBody),
        (status = 404, description = "There is no such letter.", body = ErrorBody),
        (status = 409, description = "It is on its way back already, and not known to be with this body.", body = ErrorBody),
    )
)]
pub(super) async fn replay(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathSequence(sequence): PathSequence,
    Body(act): Body<Replay>,
) -> Result<Json<Replayed>, Failure> {
    app.replay_dead_letter(&actor, sequence, act).await.map(Json)
}

/// Discards a dead letter. It is kept in the audit, beside the note.
#[utoipa::path(
    post,
    path = "/api/dead-letters/{sequence}/discard",
    operation_id = "discardDeadLetter",
    params(("sequence" = u64, Path, description = "Its sequence among the dead letters.")),
    request_body = Discard,
    responses(
        (status = 200, description = "It is gone.", body = Replayed),
        (status = 400, description = "There is no note.", body = ErrorBody),
        (status = 404, description = "There is no such letter.", body = ErrorBody),
    )
)]
pub(super) async fn discard(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathSequence(sequence): PathSequence,
    Body(act): Body<Discard>,
) -> Result<Json<Replayed>, Failure> {
    app.discard_dead_letter(&actor, sequence, act).await.map(Json)
}
