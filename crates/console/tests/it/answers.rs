//! Every answer that the document has is given, and no other.

use std::collections::BTreeSet;

use common::{
    Service,
    event::{Event, Id, OrderCreated, PaymentCreated},
    operator::{DeadLetterPage, Operation},
};
use messaging::{
    dead_letter_header,
    topology::{self, Topology},
};
use platform::{OPERATOR_TOKEN, VIEWER_TOKEN};
use reqwest::{Body, Method, RequestBuilder};
use serde_json::{Value, json};
use testkit::{eventually, openapi::undocumented};

use crate::world::{LONG, SOON, World};

/// A method, a path of the document, and a status.
type Answer = (String, String, u16);

/// Sends requests, and keeps what was answered to which operation.
struct Recorder<'a> {
    world: &'a World,
    answered: BTreeSet<Answer>,
}

impl Recorder<'_> {
    async fn send(&mut self, template: &str, method: Method, request: RequestBuilder) -> Value {
        let answer = self.world.send(request).await;
        self.answered.insert((method.to_string(), template.to_owned(), answer.status));
        answer.body
    }

    /// As a viewer.
    async fn get(&mut self, template: &str, path: &str) -> Value {
        let request = self.world.request(Method::GET, path).bearer_auth(VIEWER_TOKEN);
        self.send(template, Method::GET, request).await
    }

    /// As an operator.
    async fn act(&mut self, template: &str, path: &str, body: &Value) -> Value {
        let request = self.world.request(Method::POST, path).bearer_auth(OPERATOR_TOKEN).json(body);
        self.send(template, Method::POST, request).await
    }

    /// Without a token, as a viewer who acts, and with more than is taken.
    async fn turned_away(&mut self, document: &Value) {
        for (template, item) in document["paths"].as_object().unwrap() {
            let path = template.replace("{id}", "a").replace("{sequence}", "1");
            for (name, operation) in item.as_object().unwrap() {
                let method: Method = name.to_uppercase().parse().unwrap();
                self.send(template, method.clone(), self.world.request(method.clone(), &path)).await;
                if method == Method::GET {
                    continue;
                }
                let viewer = self.world.request(method.clone(), &path).bearer_auth(VIEWER_TOKEN);
                self.send(template, method.clone(), viewer.json(&valid(template))).await;
                if operation["requestBody"].is_object() {
                    let size = too_long(template);
                    let long = self.world.request(method.clone(), &path).bearer_auth(OPERATOR_TOKEN);
                    let long = long.header("content-type", "application/json");
                    self.send(template, method.clone(), long.body(Body::from(vec![b' '; size]))).await;
                }
            }
        }
    }
}

const STATUS: &str = "/api/status";
const LIVE: &str = "/api/live";
const ORDER: &str = "/api/orders/{id}";
const TIMERS: &str = "/api/timers";
const FORECAST: &str = "/api/timers/forecast";
const FIRE: &str = "/api/timers/{id}/fire";
const MOVE: &str = "/api/timers/{id}/move";
const CANCEL: &str = "/api/timers/{id}/cancel";
const OPERATIONS: &str = "/api/operations";
const OPERATION: &str = "/api/operations/{id}";
const CONFIRM: &str = "/api/operations/{id}/confirm";
const ABORT: &str = "/api/operations/{id}/abort";
const SCHEDULE: &str = "/api/schedule";
const REBUILD: &str = "/api/rebuild";
const PAUSE: &str = "/api/pause";
const RESUME: &str = "/api/resume";
const GROUPS: &str = "/api/dead-letters/groups";
const LETTERS: &str = "/api/dead-letters";
const LETTER: &str = "/api/dead-letters/{sequence}";
const REPLAY: &str = "/api/dead-letters/{sequence}/replay";
const DISCARD: &str = "/api/dead-letters/{sequence}/discard";
const OWED: &str = "/api/payments/owed";
const SETTLE: &str = "/api/payments/{id}/settle";
const AUDIT: &str = "/api/audit";

/// A body that is taken, where it is about something.
fn valid(template: &str) -> Value {
    match template {
        MOVE => json!({ "byMs": 60_000 }),
        OPERATIONS => json!({ "action": "cancelTimers", "timers": { "ids": ["a"] } }),
        CONFIRM => json!({ "count": 1 }),
        PAUSE => json!({ "forMs": 60_000 }),
        DISCARD | SETTLE => json!({ "note": "a test" }),
        _ => json!({}),
    }
}

/// Bytes of a body that is a little longer than what is taken: the rest of a much longer one is not read.
fn too_long(template: &str) -> usize {
    let taken = match template {
        OPERATIONS => 80 * 1024 * 1024,
        REPLAY => 2 * 1024 * 1024,
        _ => 16 * 1024,
    };
    taken + 1_024
}

/// A body in which a field is wrong.
fn invalid(template: &str) -> Value {
    match template {
        CONFIRM => json!({ "count": -1 }),
        RESUME => json!({ "rate": 0 }),
        REPLAY => json!({ "body": "no event" }),
        _ => json!({ "note": 7 }),
    }
}

fn at(template: &str, id: &impl ToString) -> String {
    template.replace("{id}", &id.to_string()).replace("{sequence}", &id.to_string())
}

/// What is there to act on.
struct Things {
    open: Id,
    paid: Id,
    owed: Id,
    letters: Vec<u64>,
}

impl World {
    async fn things(&self) -> Things {
        let (open, paid, given_up) = (self.order().await, self.order().await, self.order().await);
        self.pay(&paid).await;
        self.give_up(&given_up).await;
        let payment = PaymentCreated { id: Id::generate(), order_id: given_up, stripe_id: "ch_1".to_owned() };
        let body = serde_json::to_vec(&payment).unwrap();
        testkit::publish(&self.jetstream, PaymentCreated::SUBJECT.as_str(), &body).await;
        testkit::publish(&self.jetstream, OrderCreated::SUBJECT.as_str(), b"no event").await;
        let letters = eventually("the dead letters are there, and the payment is owed", SOON, async || {
            let page: DeadLetterPage = self.get(LETTERS).await.ok();
            let owed = self.get(OWED).await.body;
            if page.letters.len() == 3 && owed["total"] == 1 {
                Ok(page.letters)
            } else {
                Err(format!("{page:?} {owed}"))
            }
        })
        .await;
        self.status_is(&paid, "complete").await;
        let letters = letters.iter().map(|letter| letter.sequence).collect();
        Things { open, paid, owed: payment.id, letters }
    }

    /// As of an operator whose `console` was killed before it could delete the letter. Answers another operator's replay.
    #[expect(clippy::disallowed_methods, reason = "this plays an operator, and no outbox has it")]
    async fn is_replayed_by_somebody_else(&self, letter: u64) -> Value {
        let name = Topology::new(platform::CLUSTER, 1).dead_letter_stream_name();
        let stored = self.jetstream.get_stream(name).await.unwrap().get_raw_message(letter).await.unwrap();
        let consumer = stored.headers.get(dead_letter_header::CONSUMER).unwrap().as_str();
        let stored_ns = i64::try_from(stored.time.unix_timestamp_nanos()).unwrap();
        let subject = topology::replay_subject(consumer, letter, stored_ns);
        let mut headers = stored.headers.clone();
        headers.insert("Nats-Msg-Id", subject.as_str());
        let sent = self.jetstream.publish_with_headers(subject, headers, "no event either".into()).await;
        sent.unwrap().await.unwrap();
        let event = json!({
            "id": Id::generate(), "version": 0, "status": "created", "userId": Id::generate(),
            "expiresAt": "2026-01-31T12:00:00.000Z", "ticket": { "id": Id::generate(), "price": 20 },
        });
        json!({ "body": event.to_string() })
    }

    async fn plan(&self, ids: &[&str]) -> Operation {
        let plan = json!({ "action": "cancelTimers", "timers": { "ids": ids } });
        self.act(OPERATIONS, &plan).await.ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_status_is_answered_and_no_other_is() {
    let world = World::of(World::builder(LONG).env("LIVE_STREAMS", "1")).await;
    let mut document = world.send(world.request(Method::GET, "/api/openapi.json")).await.body;
    let things = world.things().await;
    let mut to = Recorder { world: &world, answered: BTreeSet::new() };
    to.turned_away(&document).await;

    for template in [STATUS, SCHEDULE, TIMERS, FORECAST, OPERATIONS, GROUPS, LETTERS, OWED, AUDIT] {
        to.get(template, template).await;
    }
    for template in [TIMERS, LETTERS, OWED, AUDIT] {
        to.get(template, &format!("{template}?limit=x")).await;
    }
    for (template, there) in [(ORDER, things.open.to_string()), (LETTER, things.letters[0].to_string())] {
        to.get(template, &at(template, &there)).await;
        to.get(template, &at(template, &987_654)).await;
    }
    for template in [FIRE, MOVE, CANCEL, OPERATIONS, CONFIRM, REBUILD, PAUSE, RESUME, REPLAY, DISCARD, SETTLE]
    {
        to.act(template, &at(template, &things.letters[0]), &invalid(template)).await;
    }
    for template in [FIRE, MOVE, CANCEL, CONFIRM, ABORT, REPLAY, DISCARD, SETTLE] {
        to.act(template, &at(template, &987_654), &valid(template)).await;
    }
    to.get(OPERATION, &at(OPERATION, &"nothing")).await;
    for template in [FIRE, MOVE, CANCEL] {
        to.act(template, &at(template, &things.paid), &valid(template)).await;
    }
    for template in [MOVE, FIRE, CANCEL] {
        to.act(template, &at(template, &things.open), &valid(template)).await;
    }
    for template in [REBUILD, PAUSE, RESUME] {
        to.act(template, template, &valid(template)).await;
    }
    for note in ["a test", "another"] {
        to.act(SETTLE, &at(SETTLE, &things.owed), &json!({ "note": note })).await;
    }
    // Who discards again is told so.
    to.act(DISCARD, &at(DISCARD, &things.letters[0]), &valid(DISCARD)).await;
    to.act(REPLAY, &at(REPLAY, &things.letters[1]), &valid(REPLAY)).await;
    let late = world.is_replayed_by_somebody_else(things.letters[2]).await;
    to.act(REPLAY, &at(REPLAY, &things.letters[2]), &late).await;
    let kept = operations(&mut to).await;

    let mut look =
        world.request(Method::GET, LIVE).bearer_auth(VIEWER_TOKEN).timeout(LONG).send().await.unwrap();
    assert!(look.chunk().await.unwrap().is_some());
    to.answered.insert((Method::GET.to_string(), LIVE.to_owned(), look.status().as_u16()));
    to.get(LIVE, LIVE).await;

    away(&mut to, &things, &kept).await;
    // A defect can't be asked for.
    for item in document["paths"].as_object_mut().unwrap().values_mut() {
        for operation in item.as_object_mut().unwrap().values_mut() {
            operation["responses"].as_object_mut().unwrap().remove("500");
        }
    }
    let answered: Vec<Answer> = to.answered.into_iter().collect();
    assert_eq!(undocumented(&document, &answered), [""; 0]);
}

/// The answer is one that is planned and never confirmed.
async fn operations(to: &mut Recorder<'_>) -> Operation {
    let planned = to.act(OPERATIONS, OPERATIONS, &valid(OPERATIONS)).await;
    let id = planned["id"].as_str().unwrap().to_owned();
    to.get(OPERATION, &at(OPERATION, &id)).await;
    for count in [2, 1] {
        to.act(CONFIRM, &at(CONFIRM, &id), &json!({ "count": count })).await;
    }
    eventually("it has ended", SOON, async || {
        let operation: Operation = to.world.get(&at(OPERATION, &id)).await.ok();
        if operation.ended_at.is_some() { Ok(()) } else { Err(format!("{operation:?}")) }
    })
    .await;
    to.act(ABORT, &at(ABORT, &id), &json!({})).await;
    let other = to.world.plan(&["a"]).await;
    to.act(ABORT, &at(ABORT, &other.id), &json!({})).await;
    let kept = to.world.plan(&["a"]).await;
    // Three million are held at most, and this makes one more.
    let ids: Vec<String> = (0..1_000_000).map(|id| format!("t{id}")).collect();
    let plan = json!({ "action": "cancelTimers", "timers": { "ids": ids } });
    for _ in 0..3 {
        to.act(OPERATIONS, OPERATIONS, &plan).await;
    }
    kept
}

/// Everything else is away, first the services and then the broker.
async fn away(to: &mut Recorder<'_>, things: &Things, kept: &Operation) {
    let world = to.world;
    for service in [Service::Orders, Service::Expiration] {
        world.platform.services(service)[0].kill().await.unwrap();
    }
    for template in [SCHEDULE, TIMERS, FORECAST, OWED] {
        to.get(template, template).await;
    }
    let due = json!({ "action": "fireTimers", "timers": { "dueFrom": "2001-01-01T00:00:00.000Z" } });
    to.act(OPERATIONS, OPERATIONS, &due).await;
    world.platform.nats().pause().unwrap();
    for template in [LETTERS, AUDIT] {
        to.get(template, template).await;
    }
    to.get(LETTER, &at(LETTER, &things.letters[2])).await;
    for template in [FIRE, MOVE, CANCEL, REBUILD, PAUSE, RESUME, SETTLE] {
        to.act(template, &at(template, &"a"), &valid(template)).await;
    }
    for template in [REPLAY, DISCARD] {
        to.act(template, &at(template, &things.letters[2]), &valid(template)).await;
    }
    for template in [CONFIRM, ABORT] {
        to.act(template, &at(template, &kept.id), &valid(template)).await;
    }
    world.platform.nats().resume().unwrap();
}
