//! `/schedule`

use axum::{http::StatusCode, response::Response};
use common::{
    event::Id,
    internal::{Forecast, RebuildAnswer, ScheduleState, TimerPage},
    operator::{Act, Operation, OperationAction, OperationPlan, PauseAct, ResumeAct, TimerFilter},
};
use page_kit::Posted;

use super::{
    super::{
        again::Again,
        link,
        page::Page,
        reader::Reader,
        typed,
        view::{
            pause::{PAUSE, RESUME},
            rebuild::REBUILD,
            schedule::{self, PLAN, Shown},
            timers::Filter,
        },
        visit::SignedIn,
        words,
    },
    note, wrong,
};
use crate::failure::Failure;

/// Timers of one page.
const LISTED: usize = 100;
/// A million ids, each with its line break as a form encodes it.
type Ids = Posted<80_000_000>;

/// What the page shows, as it is now.
struct Asked {
    schedule: ScheduleState,
    forecast: Forecast,
    timers: TimerPage,
    filter: Filter,
}

/// `GET /schedule?from=&to=&after=`
pub(in crate::pages) async fn show(signed_in: SignedIn) -> Response {
    match asked(&signed_in).await {
        Ok(asked) => {
            // A pause that was just begun or ended is newer than what other pages know of it.
            let reader = signed_in.visit.reader(asked.schedule.pause.clone());
            signed_in.visit.answer(StatusCode::OK, &page(&asked, &reader, &Again::default()), &reader)
        }
        Err(failure) => signed_in.answer(async |_| Err(failure)).await,
    }
}

fn page(asked: &Asked, reader: &Reader, again: &Again) -> Page {
    let Asked { schedule, forecast, timers, filter } = asked;
    schedule::page(&Shown { schedule, forecast, timers, filter }, reader, again)
}

async fn asked(signed_in: &SignedIn) -> Result<Asked, Failure> {
    let visit = &signed_in.visit;
    let mut filter = Filter { from: visit.query("from"), to: visit.query("to"), wrong: None };
    let (from, to) =
        (typed::optional(&filter.from, typed::instant), typed::optional(&filter.to, typed::instant));
    let (from, to) = match (from, to) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(wrong), _) | (_, Err(wrong)) => {
            filter.wrong = Some(wrong);
            (None, None)
        }
    };
    let after = visit.query("after");
    let after = (!after.is_empty()).then_some(after.as_str());
    let app = signed_in.app();
    let (schedule, forecast, timers) =
        tokio::try_join!(app.schedule(), app.forecast(), app.timers(from, to, after, LISTED))?;
    Ok(Asked { schedule, forecast, timers, filter })
}

/// `POST /schedule/plan`: nothing is done but counted.
pub(in crate::pages) async fn plan(signed_in: SignedIn, posted: Ids) -> Response {
    match planned(&signed_in, &posted).await {
        Ok(operation) => signed_in.done(&link::operation(&operation.id), &counted(&operation)),
        Err(failure) => again(&signed_in, PLAN, posted, failure).await,
    }
}

/// What a plan has found, in one sentence.
pub(super) fn counted(operation: &Operation) -> String {
    format!("{} counted; nothing is done yet.", words::count(operation.count))
}

async fn planned(signed_in: &SignedIn, posted: &Ids) -> Result<Operation, Failure> {
    signed_in.visit.check(posted).await?;
    let action = match posted.text("action") {
        "fireTimers" => OperationAction::FireTimers,
        "moveTimers" => OperationAction::MoveTimers,
        "cancelTimers" => OperationAction::CancelTimers,
        _ => return Err(Failure::field("action", "Choose what to do")),
    };
    let instant = |field| typed::optional(posted.text(field), typed::instant).map_err(wrong(field));
    let timers = TimerFilter {
        due_from: instant("dueFrom")?,
        due_to: instant("dueTo")?,
        ids: ids(posted.text("ids"))?,
    };
    let by_ms = typed::optional(posted.text("byMs"), typed::span_ms).map_err(wrong("byMs"))?;
    let is_move = action == OperationAction::MoveTimers;
    let plan = OperationPlan {
        action,
        timers: Some(timers),
        dead_letters: None,
        retell: None,
        to: instant("to")?.filter(|_| is_move),
        by_ms: by_ms.filter(|_| is_move),
        note: note(posted),
    };
    signed_in.app().plan_operation(&signed_in.actor, plan).await
}

fn ids(text: &str) -> Result<Option<Vec<Id>>, Failure> {
    let words = text.split([',', ';', '\n', '\r', '\t', ' ']).map(str::trim).filter(|word| !word.is_empty());
    let read =
        |word: &str| word.parse().map_err(|_| Failure::field("ids", format!("“{word}” is no order id")));
    let ids: Vec<Id> = words.map(read).collect::<Result<_, _>>()?;
    Ok((!ids.is_empty()).then_some(ids))
}

/// `POST /schedule/pause`
pub(in crate::pages) async fn pause(signed_in: SignedIn, posted: Posted) -> Response {
    match paused(&signed_in, &posted).await {
        Ok(_) => signed_in.done("/schedule", "The schedule is paused."),
        Err(failure) => again(&signed_in, PAUSE, posted, failure).await,
    }
}

async fn paused(signed_in: &SignedIn, posted: &Posted) -> Result<ScheduleState, Failure> {
    signed_in.visit.check(posted).await?;
    let for_ms = typed::optional(posted.text("forMs"), typed::span_ms).map_err(wrong("forMs"))?;
    let for_ms =
        for_ms.map(u64::try_from).transpose().map_err(|_| wrong("forMs")("It can’t be below zero".into()))?;
    let until = typed::optional(posted.text("until"), typed::instant).map_err(wrong("until"))?;
    let act = PauseAct { until, for_ms, rate: rate(posted)?, note: note(posted) };
    signed_in.app().pause(&signed_in.actor, act).await
}

/// `POST /schedule/resume`
pub(in crate::pages) async fn resume(signed_in: SignedIn, posted: Posted) -> Response {
    match resumed(&signed_in, &posted).await {
        Ok(_) => signed_in.done("/schedule", "The schedule goes on."),
        Err(failure) => again(&signed_in, RESUME, posted, failure).await,
    }
}

async fn resumed(signed_in: &SignedIn, posted: &Posted) -> Result<ScheduleState, Failure> {
    signed_in.visit.check(posted).await?;
    let act = ResumeAct { rate: rate(posted)?, note: note(posted) };
    signed_in.app().resume(&signed_in.actor, act).await
}

/// `POST /schedule/rebuild`
pub(in crate::pages) async fn rebuild(signed_in: SignedIn, posted: Posted) -> Response {
    match rebuilding(&signed_in, &posted).await {
        Ok(RebuildAnswer { begun: true }) => signed_in.done("/schedule#rebuild", "A rebuild has begun."),
        Ok(RebuildAnswer { begun: false }) => {
            signed_in.done("/schedule#rebuild", "A rebuild was under way already, and goes on.")
        }
        Err(failure) => again(&signed_in, REBUILD, posted, failure).await,
    }
}

async fn rebuilding(signed_in: &SignedIn, posted: &Posted) -> Result<RebuildAnswer, Failure> {
    signed_in.visit.check(posted).await?;
    signed_in.app().rebuild_schedule(&signed_in.actor, Act { note: note(posted) }).await
}

fn rate(posted: &Posted) -> Result<Option<u32>, Failure> {
    typed::optional(posted.text("rate"), typed::rate).map_err(wrong("rate"))
}

async fn again<const LONGEST: usize>(
    signed_in: &SignedIn,
    form: &str,
    posted: Posted<LONGEST>,
    failure: Failure,
) -> Response {
    signed_in
        .again(form, posted, failure, async |reader, again| Ok(page(&asked(signed_in).await?, reader, again)))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_lines_and_lists_and_the_wrong_one_is_named() {
        let read = ids("o-1\r\no-2, o-3;;\n\n").unwrap().unwrap();
        assert_eq!(read.iter().map(Id::as_str).collect::<Vec<_>>(), ["o-1", "o-2", "o-3"]);
        assert_eq!(ids(" \n").unwrap(), None);
        let failure = ids("o-1\no/2").unwrap_err();
        assert!(failure.to_string().contains("o/2") && failure.errors[0].field.as_deref() == Some("ids"));
    }
}
