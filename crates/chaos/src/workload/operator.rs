//! What operators do: they give buyers more time, cancel orders, and replay dead letters.

use std::sync::atomic::{AtomicBool, Ordering};

use common::{
    Service,
    event::{Id, Subject, Timestamp},
};
use judge::Canceller;
use messaging::topology::dead_letter_subject;
use platform::{INTERNAL_TOKEN, OPERATOR_TOKEN};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    http::{Pass, Reply},
    people::Seen,
    plan::{Door, More, Replay},
    stage::Stage,
};

/// Why, for the audit.
const NOTE: &str = "an episode of the fault suite";
/// More letters than an episode makes.
const LETTERS: &str = "/api/dead-letters?limit=1000";

/// Gives an order more time. Asked for as an instant, so that the same wish again is not twice the time.
pub(super) async fn extends(stage: &Stage, placed: &Seen, more: More, door: Door) {
    let order = &placed.order;
    let to = match more {
        More::By(by) => later(placed.expires_at, by),
        More::Until(at) => stage.instant(at),
    };
    loop {
        let wish = stage.notes.begins_to_extend(order, to);
        let reply = match door {
            Door::Console => {
                let body = json!({ "to": to, "note": NOTE });
                asks_console(stage, Method::POST, &format!("/api/timers/{order}/move"), Some(&body)).await
            }
            Door::Internal => {
                asks_orders(stage, &format!("/internal/orders/{order}/extend"), &json!({ "to": to })).await
            }
        };
        match reply {
            Reply::Done(_) => return stage.notes.extended(wish),
            Reply::Refused(_) => return stage.notes.does_not_extend(wish),
            Reply::NotSent => stage.notes.does_not_extend(wish),
            Reply::Lost => {}
        }
        if !stage.tries_again().await {
            return;
        }
    }
}

/// Cancels an order of ours.
pub(super) async fn cancels(stage: &Stage, order: &Id) {
    let wish = stage.notes.begins_to_cancel(order, Canceller::Operator);
    let (path, body) = (format!("/api/timers/{order}/cancel"), json!({ "note": NOTE }));
    match stage.insists(|| asks_console(stage, Method::POST, &path, Some(&body))).await {
        Reply::Done(_) => stage.notes.cancelled(wish),
        // An earlier one that was lost may have done it.
        Reply::Refused(_) | Reply::NotSent | Reply::Lost => {}
    }
}

/// Replays one of the dead letters, as it is or with the body of a good event.
pub(super) async fn replays(stage: &Stage, replay: &Replay) {
    let Reply::Done(answer) = asks_console(stage, Method::GET, LETTERS, None).await else { return };
    let letters = answer.body["letters"].as_array().map_or(&[][..], Vec::as_slice);
    let Some(chosen) = replay.which.checked_rem(letters.len() as u64) else { return };
    let Some(sequence) = letters[chosen as usize]["sequence"].as_u64() else { return };
    let path = format!("/api/dead-letters/{sequence}");
    let Reply::Done(answer) = asks_console(stage, Method::GET, &path, None).await else { return };
    let letter = answer.body;
    let (Some(consumer), Some(position)) = (letter["consumer"].as_str(), letter["streamSequence"].as_u64())
    else {
        return;
    };
    let mut body = json!({ "note": NOTE });
    if replay.mended {
        let Some(mended) = good_body(stage, replay.which, letter["subject"].as_str()) else { return };
        body["body"] = mended.into();
    }
    let wish = stage.notes.begins_to_replay(sequence, dead_letter_subject(consumer, position), replay.mended);
    let path = format!("{path}/replay");
    let lost = AtomicBool::new(false);
    let asks = async || {
        let reply = asks_console(stage, Method::POST, &path, Some(&body)).await;
        lost.fetch_or(matches!(reply, Reply::Lost), Ordering::Relaxed);
        reply
    };
    match stage.insists(asks).await {
        Reply::Done(answer) if answer.body["already"] == false => stage.notes.replayed(wish),
        // Somebody was faster, perhaps an earlier one of these requests.
        Reply::Done(_) | Reply::Refused(_) if !lost.load(Ordering::Relaxed) => {
            stage.notes.does_not_replay(wish);
        }
        _ => {}
    }
}

/// When the episode is over: a letter that is not there any more was replayed, by whomever; one that is there may have been.
pub(super) async fn looks_after_replays(stage: &Stage) {
    for (wish, replay) in stage.notes.doubtful_replays() {
        let path = format!("/api/dead-letters/{}", replay.sequence);
        match asks_console(stage, Method::GET, &path, None).await {
            Reply::Done(_) => stage.notes.perhaps_replayed_and_left(wish),
            Reply::Refused(404) => stage.notes.perhaps_replayed(wish),
            Reply::Refused(_) | Reply::NotSent | Reply::Lost => {}
        }
    }
}

/// The body of an event of ours on this subject: its listeners know what it is about.
fn good_body(stage: &Stage, which: u64, subject: Option<&str>) -> Option<String> {
    let subject: Subject = subject?.parse().ok()?;
    let event = stage.notes.event_of_ours(subject, which)?;
    String::from_utf8(event.body.to_vec()).ok()
}

fn later(than: Timestamp, by: std::time::Duration) -> Timestamp {
    Timestamp::from_millis(than.as_millis().saturating_add_unsigned(by.as_millis() as u64))
}

/// A world without `console` has nobody who can be asked.
async fn asks_console(stage: &Stage, method: Method, path: &str, json: Option<&Value>) -> Reply {
    let Some(url) = stage.internal_url(Service::Console, path) else { return Reply::NotSent };
    stage.http.ask(method, &url, Pass::Bearer(OPERATOR_TOKEN), json).await
}

async fn asks_orders(stage: &Stage, path: &str, json: &Value) -> Reply {
    let Some(url) = stage.internal_url(Service::Orders, path) else { return Reply::NotSent };
    stage.http.ask(Method::POST, &url, Pass::Bearer(INTERNAL_TOKEN), Some(json)).await
}
