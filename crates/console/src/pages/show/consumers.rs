//! `/consumers`

use axum::response::Response;
use common::{
    clock,
    event::Timestamp,
    operator::{Operation, OperationAction, OperationPlan, RetellFilter},
};
use page_kit::Posted;

use super::{
    super::{
        again::Again,
        link,
        reader::Reader,
        typed,
        view::{consumers, retell::RETELL},
        visit::SignedIn,
    },
    note,
    schedule::counted,
    wrong,
};
use crate::failure::Failure;

/// `GET /consumers`
pub(in crate::pages) async fn show(signed_in: SignedIn) -> Response {
    let status = signed_in.app().status().await;
    signed_in.answer(async |reader| Ok(consumers::page(&status, reader, &Again::default()))).await
}

/// `POST /consumers/retell`: nothing is done but counted.
pub(in crate::pages) async fn retell(signed_in: SignedIn, posted: Posted) -> Response {
    match planned(&signed_in, &posted).await {
        Ok(operation) => signed_in.done(&link::operation(&operation.id), &counted(&operation)),
        Err(failure) => {
            let status = signed_in.app().status().await;
            let page = async |reader: &Reader, again: &Again| Ok(consumers::page(&status, reader, again));
            signed_in.again(RETELL, posted, failure, page).await
        }
    }
}

async fn planned(signed_in: &SignedIn, posted: &Posted) -> Result<Operation, Failure> {
    signed_in.visit.check(posted).await?;
    let now = Timestamp::from_millis(clock::now_ms());
    let since = since(posted.text("since"), now).map_err(wrong("since"))?;
    let plan = OperationPlan {
        action: OperationAction::RetellEvents,
        timers: None,
        dead_letters: None,
        retell: Some(RetellFilter { service: posted.text("service").to_owned(), since }),
        to: None,
        by_ms: None,
        note: note(posted),
    };
    signed_in.app().plan_operation(&signed_in.actor, plan).await
}

/// An instant, or how long ago it was.
fn since(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    match typed::span_ms(text) {
        Ok(ms) => Ok(Timestamp::from_millis(now.as_millis().saturating_sub(ms.saturating_abs()))),
        Err(_) => typed::instant(text).map_err(|_| {
            format!(
                "“{}” is neither an instant such as 2026-01-31T12:00:00 nor how long ago, such as 2h",
                text.trim()
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_an_instant_or_how_long_ago() {
        let now = Timestamp::from_millis(1_769_860_800_000);
        let two_hours_ago = Ok(Timestamp::from_millis(1_769_853_600_000));
        for text in ["2h", " -2h", "2026-01-31T10:00"] {
            assert_eq!(since(text, now), two_hours_ago, "{text}");
        }
        assert!(since("lately", now).unwrap_err().contains("“lately”"));
    }
}
