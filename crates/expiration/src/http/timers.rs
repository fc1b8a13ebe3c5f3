//! `/internal/timers`.

use std::{collections::HashMap, str::FromStr};

use axum::{
    Json,
    extract::{Path, Query, State, rejection::PathRejection},
};
use common::{
    api::ErrorBody,
    clock,
    event::{Id, Timestamp},
    internal::{MoveTimers, Timer, TimerAnswers, TimerIds, TimerPage},
};

use super::{Internal, body::Body, problem::Problem};
use crate::schedule::PageQuery;

/// Timers of one request to move or to remove.
const MOST_CHANGED: usize = 500;
const LONGEST_PAGE: usize = 1_000;
const USUAL_PAGE: usize = 100;

/// Timers by due time, page by page.
#[utoipa::path(
    get,
    path = "/internal/timers",
    params(
        ("from" = Option<Timestamp>, Query, description = "Due from this instant on."),
        ("to" = Option<Timestamp>, Query, description = "Due before this one."),
        ("after" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<usize>, Query, description = "Most timers of the page, 100 if it is left out.", minimum = 1, maximum = 1_000),
    ),
    responses(
        (status = 200, description = "A page.", body = TimerPage),
        (status = 400, description = "A parameter is wrong.", body = ErrorBody),
        (status = 401, description = "The token is not there, or another.", body = ErrorBody),
        (status = 503, description = "Redis is away.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn list(
    State(Internal { schedule, .. }): State<Internal>,
    query: Result<Query<HashMap<String, String>>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<TimerPage>, Problem> {
    let Query(query) = query.map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
    let from: Option<Timestamp> = read(&query, "from")?;
    let to: Option<Timestamp> = read(&query, "to")?;
    let after = query.get("after").map(|text| cursor(text)).transpose()?;
    let limit = read(&query, "limit")?.unwrap_or(USUAL_PAGE);
    if !(1..=LONGEST_PAGE).contains(&limit) {
        return Err(Problem::field("limit", format!("expected a number from 1 to {LONGEST_PAGE}")));
    }
    let query = PageQuery {
        from_ms: from.map_or(0, Timestamp::as_millis),
        to_ms: to.map_or(i64::MAX, Timestamp::as_millis),
        after,
        limit,
    };
    Ok(Json(schedule.page(query).await?))
}

/// The timer of an order.
#[utoipa::path(
    get,
    path = "/internal/timers/{id}",
    params(("id" = Id, Path, description = "The order.")),
    responses(
        (status = 200, description = "It is there.", body = Timer),
        (status = 401, description = "The token is not there, or another.", body = ErrorBody),
        (status = 404, description = "It has fired, was cancelled, or never was.", body = ErrorBody),
        (status = 503, description = "Redis is away.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn find(
    State(Internal { schedule, .. }): State<Internal>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Timer>, Problem> {
    // What is no id, or no text at all, is no timer's.
    let Path(id) = path.map_err(|_| Problem::no_such_timer())?;
    let id: Id = id.try_into().map_err(|_| Problem::no_such_timer())?;
    schedule.find(&id).await?.map(Json).ok_or_else(Problem::no_such_timer)
}

/// Moves timers of orders of which nobody else decides.
#[utoipa::path(
    post,
    path = "/internal/timers/move",
    request_body = MoveTimers,
    responses(
        (status = 200, description = "What became of each.", body = TimerAnswers),
        (status = 400, description = "A field is wrong.", body = ErrorBody),
        (status = 401, description = "The token is not there, or another.", body = ErrorBody),
        (status = 413, description = "The body is longer than 128 KiB.", body = ErrorBody),
        (status = 503, description = "Redis is away: some may have been moved.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn move_timers(
    State(Internal { schedule, max_delay, due_wake, .. }): State<Internal>,
    Body(MoveTimers { timers }): Body<MoveTimers>,
) -> Result<Json<TimerAnswers>, Problem> {
    check_count("timers", timers.len())?;
    let longest_ms = u64::try_from(max_delay.as_millis()).unwrap_or(u64::MAX);
    let latest_ms = clock::now_ms().saturating_add_unsigned(longest_ms);
    if let Some(index) = timers.iter().position(|timer| timer.to.as_millis() > latest_ms) {
        return Err(Problem::field(
            format!("timers[{index}].to"),
            "further away than EXPIRATION_MAX_DELAY allows",
        ));
    }
    let answers = schedule.move_timers(&timers).await?;
    if let Some(earliest) = timers.iter().map(|timer| timer.to.as_millis()).min() {
        due_wake.set(earliest);
    }
    Ok(Json(answers))
}

/// Removes timers of orders of which nobody else decides.
#[utoipa::path(
    post,
    path = "/internal/timers/remove",
    request_body = TimerIds,
    responses(
        (status = 200, description = "What became of each.", body = TimerAnswers),
        (status = 400, description = "A field is wrong.", body = ErrorBody),
        (status = 401, description = "The token is not there, or another.", body = ErrorBody),
        (status = 413, description = "The body is longer than 128 KiB.", body = ErrorBody),
        (status = 503, description = "Redis is away: some may have been removed.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn remove(
    State(Internal { schedule, .. }): State<Internal>,
    Body(TimerIds { ids }): Body<TimerIds>,
) -> Result<Json<TimerAnswers>, Problem> {
    check_count("ids", ids.len())?;
    Ok(Json(schedule.remove_timers(&ids).await?))
}

fn check_count(field: &'static str, count: usize) -> Result<(), Problem> {
    if count <= MOST_CHANGED {
        return Ok(());
    }
    Err(Problem::field(field, format!("{count} are more than one request may name, which is {MOST_CHANGED}")))
}

fn read<T: FromStr<Err: std::fmt::Display>>(
    query: &HashMap<String, String>,
    name: &'static str,
) -> Result<Option<T>, Problem> {
    let text = query.get(name);
    text.map(|text| text.parse().map_err(|error: T::Err| Problem::field(name, error.to_string()))).transpose()
}

/// The score and the id of the last timer of a page.
fn cursor(text: &str) -> Result<(f64, &str), Problem> {
    let parsed = text.split_once(':').and_then(|(score, id)| Some((score.parse().ok()?, id)));
    parsed
        .filter(|(score, _): &(f64, &str)| score.is_finite())
        .ok_or_else(|| Problem::field("after", "expected the `next` of the page before"))
}
