//! `/dead-letters/{sequence}`

use axum::{extract::Path, response::Response};
use common::operator::{Discard, Replay, Replayed};
use page_kit::Posted;

use super::{
    super::{
        again::Again,
        page::Page,
        reader::Reader,
        view::dead_letter::{self, DISCARD, EDIT, REPLAY},
        visit::SignedIn,
    },
    note,
};
use crate::failure::Failure;

/// The largest message of the broker, three times as long as a form may encode it.
type Body = Posted<4_000_000>;

/// `GET /dead-letters/{sequence}`
pub(in crate::pages) async fn show(signed_in: SignedIn, Path(sequence): Path<String>) -> Response {
    signed_in.answer(async |reader| page(&signed_in, &sequence, reader, &Again::default()).await).await
}

fn read(sequence: &str) -> Result<u64, Failure> {
    sequence.parse().map_err(|_| Failure::not_found("There is no such dead letter."))
}

async fn page(signed_in: &SignedIn, sequence: &str, reader: &Reader, again: &Again) -> Result<Page, Failure> {
    Ok(dead_letter::page(&signed_in.app().dead_letter(read(sequence)?).await?, reader, again))
}

/// `POST /dead-letters/{sequence}/replay`
pub(in crate::pages) async fn replay(
    signed_in: SignedIn,
    Path(sequence): Path<String>,
    posted: Body,
) -> Response {
    let act = async |sequence| {
        let replay = Replay { body: None, note: note(&posted) };
        signed_in.app().replay_dead_letter(&signed_in.actor, sequence, replay).await
    };
    let outcome = taken(&signed_in, &sequence, &posted, act).await;
    answer(&signed_in, &sequence, REPLAY, posted, outcome).await
}

/// `POST /dead-letters/{sequence}/edit`
pub(in crate::pages) async fn edit(
    signed_in: SignedIn,
    Path(sequence): Path<String>,
    posted: Body,
) -> Response {
    let act = async |sequence| {
        let replay = Replay { body: Some(posted.text("body").to_owned()), note: note(&posted) };
        signed_in.app().replay_dead_letter(&signed_in.actor, sequence, replay).await
    };
    let outcome = taken(&signed_in, &sequence, &posted, act).await;
    answer(&signed_in, &sequence, EDIT, posted, outcome).await
}

/// `POST /dead-letters/{sequence}/discard`
pub(in crate::pages) async fn discard(
    signed_in: SignedIn,
    Path(sequence): Path<String>,
    posted: Body,
) -> Response {
    let act = async |sequence| {
        let discard = Discard { note: note(&posted).unwrap_or_default() };
        signed_in.app().discard_dead_letter(&signed_in.actor, sequence, discard).await
    };
    let outcome = taken(&signed_in, &sequence, &posted, act).await;
    answer(&signed_in, &sequence, DISCARD, posted, outcome).await
}

async fn taken(
    signed_in: &SignedIn,
    sequence: &str,
    posted: &Body,
    act: impl AsyncFnOnce(u64) -> Result<Replayed, Failure>,
) -> Result<Replayed, Failure> {
    signed_in.visit.check(posted).await?;
    act(read(sequence)?).await
}

async fn answer(
    signed_in: &SignedIn,
    sequence: &str,
    form: &str,
    posted: Body,
    outcome: Result<Replayed, Failure>,
) -> Response {
    match outcome {
        Ok(replayed) => signed_in.done("/dead-letters", &replayed.message),
        Err(failure) => {
            let page = async |reader: &Reader, again: &Again| page(signed_in, sequence, reader, again).await;
            signed_in.again(form, posted, failure, page).await
        }
    }
}
