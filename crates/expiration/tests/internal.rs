//! `/internal`, as `console` asks.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::time::Duration;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header::AUTHORIZATION},
};
use common::{
    clock,
    event::{Id, Timestamp},
    internal::{
        CheckpointState, Forecast, RebuildAnswer, ScheduleState, Timer, TimerAnswers, TimerPage, TimerState,
    },
};
use expiration::{
    http::{Internal, router},
    rebuild::CheckpointWatch,
    relay::DueWake,
    schedule::{Job, RebuildBatch, RebuildStep, Schedule},
};
use http_common::InternalToken;
use messaging::Place;
use process::config::Environment;
use serde_json::{Value, json};
use testkit::Redis;
use tower::ServiceExt as _;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const HOUR_MS: i64 = 3_600_000;
const MAX_DELAY: Duration = Duration::from_secs(86_400);

struct World {
    redis: Redis,
    schedule: Schedule,
    router: Router,
}

impl World {
    async fn start() -> Self {
        let redis = Redis::start().await.unwrap();
        let schedule = Schedule::new(&redis.url(), "test").unwrap().for_worker("worker-1");
        let mut env = Environment::from_pairs([("INTERNAL_TOKEN", TOKEN)]);
        let token = InternalToken::read(&mut env);
        let router = router(internal(&schedule), token);
        Self { redis, schedule, router }
    }

    async fn job(&self, in_ms: i64) -> Job {
        let job = Job { id: Id::generate(), due_ms: clock::now_ms() + in_ms };
        self.schedule.schedule(std::slice::from_ref(&job)).await.unwrap();
        job
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> (StatusCode, Value) {
        let authorization = format!("Bearer {TOKEN}");
        ask(&self.router, method, path, Some(&authorization), body).await
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let (status, body) = self.ask("GET", path, "").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_value(body).unwrap()
    }

    async fn send<T: serde::de::DeserializeOwned>(&self, method: &str, path: &str, body: Value) -> T {
        let (status, body) = self.ask(method, path, &body.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_value(body).unwrap()
    }
}

fn internal(schedule: &Schedule) -> Internal {
    Internal::new(schedule.clone(), MAX_DELAY, DueWake::default(), CheckpointWatch::default())
}

async fn ask(
    router: &Router,
    method: &str,
    path: &str,
    authorization: Option<&str>,
    body: &str,
) -> (StatusCode, Value) {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

#[tokio::test]
async fn timers_are_listed_found_moved_and_removed() {
    let world = World::start().await;
    let (a, b) = (world.job(HOUR_MS).await, world.job(2 * HOUR_MS).await);
    let first: TimerPage = world.get("/internal/timers?limit=1").await;
    assert_eq!((first.timers.len(), &first.timers[0].id), (1, &a.id));
    let next: TimerPage =
        world.get(&format!("/internal/timers?limit=10&after={}", first.next.unwrap())).await;
    assert_eq!((next.timers.len(), &next.timers[0].id, next.next), (1, &b.id, None));
    let (from, to) = (at(a.due_ms), at(b.due_ms));
    let between: TimerPage = world.get(&format!("/internal/timers?from={from}&to={to}")).await;
    assert_eq!(between.timers, first.timers);
    let found: Timer = world.get(&format!("/internal/timers/{}", a.id)).await;
    assert_eq!((found.state, found.due_at), (TimerState::Pending, from));

    let absent = Id::generate();
    let body = json!({"timers": [{"id": a.id, "to": "1970-01-01T00:00:00.000Z"}, {"id": absent, "to": to}]});
    let answers: TimerAnswers = world.send("POST", "/internal/timers/move", body).await;
    assert_eq!((answers.done, answers.unknown), (vec![found], vec![absent.clone()]));
    let now: Timer = world.get(&format!("/internal/timers/{}", a.id)).await;
    assert_eq!(now.state, TimerState::Due);
    let claim = world.schedule.claim_due(10, clock::now_ms()).await.unwrap().claim.unwrap();
    assert_eq!(claim.jobs[0].id, a.id);

    let body = json!({"ids": [a.id, b.id, absent]});
    let answers: TimerAnswers = world.send("POST", "/internal/timers/remove", body).await;
    assert_eq!(
        (answers.done[0].id.clone(), answers.claimed, answers.unknown),
        (b.id, vec![a.id], vec![absent])
    );
}

#[tokio::test]
async fn the_schedule_is_told_in_figures_paused_and_resumed() {
    let world = World::start().await;
    world.job(-5_000).await;
    world.job(HOUR_MS / 2).await;
    let state: ScheduleState = world.get("/internal/schedule").await;
    assert_eq!((state.timers, state.pending, state.due, state.overdue, state.claimed), (2, 1, 1, 1, 0));
    assert!(state.oldest_due_age_ms >= 5_000 && state.pause.is_none(), "{state:?}");
    let skew = state.clocks.redis.as_millis() - state.clocks.worker.as_millis();
    assert!(skew.abs() < 5_000, "{skew} ms");
    let forecast: Forecast = world.get("/internal/schedule/forecast").await;
    assert_eq!((forecast.due, forecast.hours[0], forecast.later), (1, 1, 0));

    let until = at(clock::now_ms() + HOUR_MS);
    let body = json!({"until": until, "rate": 100, "by": "ann"});
    let paused: ScheduleState = world.send("PUT", "/internal/pause", body).await;
    let pause = paused.pause.unwrap();
    assert_eq!((pause.paused, pause.until, pause.rate, pause.by.as_str()), (true, until, Some(100), "ann"));
    assert_eq!((pause.waiting, pause.falling_due), (1, 1));
    let resumed: ScheduleState = world.send("POST", "/internal/resume", json!({"rate": 2})).await;
    let pause = resumed.pause.unwrap();
    assert_eq!((pause.paused, pause.rate, pause.waiting), (false, Some(2), 1));
    assert!(pause.until < until, "when it ended");
    let resumed: ScheduleState = world.send("POST", "/internal/resume", json!({})).await;
    assert_eq!(resumed.pause, None);
}

#[tokio::test]
async fn the_checkpoint_and_the_rebuild_are_told_and_one_is_begun_by_hand_unless_it_is_under_way() {
    let world = World::start().await;
    world.job(8 * 24 * HOUR_MS).await;
    let begin = async || {
        let (status, answer) = world.ask("POST", "/internal/rebuild", "").await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        serde_json::from_value::<RebuildAnswer>(answer).unwrap().begun
    };
    let state: ScheduleState = world.get("/internal/schedule").await;
    let none = CheckpointState { holds: false, sequence: 0, stored: at(0) };
    assert_eq!((state.checkpoint, state.rebuild, state.beyond_retention), (Some(none), None, 1));
    assert!(begin().await, "nobody rebuilds");

    let mut lease = world.schedule.begin_rebuild().await.unwrap().unwrap();
    assert!(!begin().await, "one is under way");
    let (orders, fired) = (place(70, 2_000), place(3, 1_000));
    let step = RebuildStep::Place(orders, fired);
    world.schedule.apply_rebuild(&mut lease, &RebuildBatch::default(), step, (70, 100)).await.unwrap();
    let state: ScheduleState = world.get("/internal/schedule").await;
    let rebuild = state.rebuild.unwrap();
    assert_eq!((rebuild.by.as_str(), rebuild.applied, rebuild.last, rebuild.left), ("worker-1", 70, 100, 30));
    assert!((rebuild.since.as_millis() - clock::now_ms()).abs() < 60_000);
    let checkpoint = CheckpointState { holds: false, sequence: 70, stored: at(2_000) };
    assert_eq!(state.checkpoint, Some(checkpoint), "not at its end yet");
    let step = RebuildStep::End(orders, fired);
    world.schedule.apply_rebuild(&mut lease, &RebuildBatch::default(), step, (70, 70)).await.unwrap();
    let state: ScheduleState = world.get("/internal/schedule").await;
    assert_eq!(
        (state.checkpoint, state.rebuild),
        (Some(checkpoint), None),
        "nobody has looked at the streams"
    );
}

fn place(sequence: u64, stored_ms: i64) -> Place {
    Place { created_ns: 7, sequence, stored_ns: stored_ms * 1_000_000 }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_by_its_field() {
    let world = World::start().await;
    let id = Id::generate();
    let far = at(clock::now_ms() + 8 * 24 * HOUR_MS);
    let soon = at(clock::now_ms() + HOUR_MS);
    let ids = vec![id.clone(); 501];
    let many = json!({ "ids": ids }).to_string();
    for (method, path, body, field) in [
        ("GET", "/internal/timers?from=soon", String::new(), Some("from")),
        ("GET", "/internal/timers?to=1769860800000", String::new(), Some("to")),
        ("GET", "/internal/timers?limit=0", String::new(), Some("limit")),
        ("GET", "/internal/timers?limit=1001", String::new(), Some("limit")),
        ("GET", "/internal/timers?limit=ten", String::new(), Some("limit")),
        ("GET", "/internal/timers?after=inf:a", String::new(), Some("after")),
        ("GET", "/internal/timers?after=7", String::new(), Some("after")),
        (
            "POST",
            "/internal/timers/move",
            format!(r#"{{"timers":[{{"id":"{id}","to":"{far}"}}]}}"#),
            Some("timers[0].to"),
        ),
        (
            "POST",
            "/internal/timers/move",
            format!(r#"{{"timers":[{{"id":"{id}","to":"soon"}}]}}"#),
            Some("timers[0].to"),
        ),
        ("POST", "/internal/timers/move", format!(r#"{{"timers":[{{"id":"{id}"}}]}}"#), Some("timers[0].to")),
        ("POST", "/internal/timers/remove", r#"{"ids":["a b"]}"#.to_owned(), Some("ids[0]")),
        ("POST", "/internal/timers/remove", many, Some("ids")),
        ("POST", "/internal/timers/remove", "{}".to_owned(), Some("ids")),
        ("POST", "/internal/timers/remove", "[]".to_owned(), None),
        ("POST", "/internal/timers/remove", r#"{"ids":[]} {}"#.to_owned(), None),
        ("POST", "/internal/timers/remove", String::new(), None),
        (
            "PUT",
            "/internal/pause",
            r#"{"until":"1970-01-01T00:00:00.000Z","by":"a"}"#.to_owned(),
            Some("until"),
        ),
        ("PUT", "/internal/pause", format!(r#"{{"until":"{far}","by":"a"}}"#), Some("until")),
        ("PUT", "/internal/pause", format!(r#"{{"until":"{soon}","by":""}}"#), Some("by")),
        ("PUT", "/internal/pause", format!(r#"{{"until":"{soon}"}}"#), Some("by")),
        ("PUT", "/internal/pause", format!(r#"{{"until":"{soon}","by":"a","rate":0}}"#), Some("rate")),
        ("PUT", "/internal/pause", format!(r#"{{"until":"{soon}","by":"a","rate":-1}}"#), Some("rate")),
        ("POST", "/internal/resume", r#"{"rate":1000001}"#.to_owned(), Some("rate")),
    ] {
        let (status, answer) = world.ask(method, path, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{method} {path} {body}: {answer}");
        let error = &answer["errors"][0];
        assert_eq!(error["field"].as_str(), field, "{method} {path} {body}: {answer}");
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
    }
    assert_eq!(world.schedule.waiting().await.unwrap(), None, "nothing was paused by any of them");
    for path in [format!("/internal/timers/{id}"), "/internal/timers/a%20b".to_owned()] {
        let (status, answer) = world.ask("GET", &path, "").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("no such timer"), "{answer}");
    }
}

#[tokio::test]
async fn what_is_asked_in_another_way_or_at_too_great_length_is_refused_as_everything_is() {
    let world = World::start().await;
    let long = format!(r#"{{"ids":["{}"]}}"#, "a".repeat(200_000));
    for (method, path, body, expected) in [
        ("DELETE", "/internal/pause", "", StatusCode::METHOD_NOT_ALLOWED),
        ("POST", "/internal/timers/remove", long.as_str(), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let (status, answer) = world.ask(method, path, body).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
        assert!(answer["errors"][0]["message"].is_string(), "{answer}");
    }
}

/// Every operation, each with a body that is right, one that is wrong, and its path in the document.
fn operations(id: &Id) -> [(&'static str, &'static str, String, String, String); 9] {
    let until = at(clock::now_ms() + HOUR_MS);
    let none = String::new;
    let find = format!("/internal/timers/{id}");
    let the_move = format!(r#"{{"timers":[{{"id":"{id}","to":"{until}"}}]}}"#);
    let pause = format!(r#"{{"until":"{until}","by":"ann"}}"#);
    let remove = "/internal/timers/remove";
    [
        ("GET", "/internal/timers", "/internal/timers".to_owned(), none(), none()),
        ("GET", "/internal/timers/{id}", find, none(), none()),
        ("POST", "/internal/timers/move", "/internal/timers/move".to_owned(), the_move, "7".to_owned()),
        ("GET", "/internal/schedule", "/internal/schedule".to_owned(), none(), none()),
        ("GET", "/internal/schedule/forecast", "/internal/schedule/forecast".to_owned(), none(), none()),
        ("PUT", "/internal/pause", "/internal/pause".to_owned(), pause, "{}".to_owned()),
        ("POST", "/internal/resume", "/internal/resume".to_owned(), "{}".to_owned(), "[]".to_owned()),
        ("POST", "/internal/rebuild", "/internal/rebuild".to_owned(), none(), none()),
        ("POST", remove, remove.to_owned(), format!(r#"{{"ids":["{id}"]}}"#), "{}".to_owned()),
    ]
}

#[tokio::test]
async fn the_document_names_every_answer_and_no_other() {
    let world = World::start().await;
    let id = world.job(HOUR_MS).await.id;
    let mut answered = Vec::new();
    let mut note = |method: &str, path: &str, status: StatusCode| {
        answered.push((method.to_owned(), path.to_owned(), status.as_u16()));
    };
    let long = " ".repeat(200_000);
    for (method, path, uri, right, wrong) in operations(&id) {
        for body in [&right, &wrong, &long] {
            if body == &right || !right.is_empty() {
                note(method, path, world.ask(method, &uri, body).await.0);
            }
        }
        note(method, path, ask(&world.router, method, &uri, None, &right).await.0);
    }
    note("GET", "/internal/timers", world.ask("GET", "/internal/timers?limit=0", "").await.0);
    note("GET", "/internal/timers/{id}", world.ask("GET", "/internal/timers/unknown", "").await.0);
    world.redis.stop().await.unwrap();
    for (method, path, uri, right, _) in operations(&id) {
        note(method, path, world.ask(method, &uri, &right).await.0);
    }
    let document: Value = world.get("/internal/openapi.json").await;
    assert_eq!(testkit::openapi::undocumented(&document, &answered), [""; 0]);
}

#[tokio::test]
async fn nobody_gets_an_answer_without_the_token_and_without_one_there_is_none() {
    let world = World::start().await;
    let wrong = format!("Bearer {}", TOKEN.replace('0', "1"));
    for authorization in [None, Some(TOKEN), Some(wrong.as_str())] {
        for (method, path) in [("GET", "/internal/schedule"), ("PUT", "/internal/pause")] {
            let (status, _) = ask(&world.router, method, path, authorization, "{}").await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} {authorization:?}");
        }
    }
    let open = router(internal(&world.schedule), None);
    let right = format!("Bearer {TOKEN}");
    let (status, _) = ask(&open, "GET", "/internal/schedule", Some(&right), "").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn while_redis_is_away_the_answer_is_503_and_then_all_is_well() {
    let world = World::start().await;
    world.redis.stop().await.unwrap();
    let until = at(clock::now_ms() + HOUR_MS);
    for (method, path, body) in [
        ("GET", "/internal/schedule", String::new()),
        ("GET", "/internal/schedule/forecast", String::new()),
        ("GET", "/internal/timers", String::new()),
        ("GET", "/internal/timers/a", String::new()),
        ("POST", "/internal/timers/remove", r#"{"ids":["a"]}"#.to_owned()),
        ("PUT", "/internal/pause", json!({"until": until, "by": "ann"}).to_string()),
        ("POST", "/internal/resume", "{}".to_owned()),
        ("POST", "/internal/rebuild", String::new()),
    ] {
        let (status, answer) = world.ask(method, path, &body).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{method} {path}: {answer}");
        assert!(answer["errors"][0]["message"].is_string(), "{answer}");
    }
    world.redis.restart().await.unwrap();
    let state: ScheduleState = world.get("/internal/schedule").await;
    assert_eq!(state.timers, 0);
}
