//! What operators and buyers do to one order at the same moment, and what they are answered.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use common::{
    Service, clock,
    event::{Id, Timestamp},
    internal::{CancelAnswer, ExtendAnswer},
    operator::{ActAnswer, Decider},
};
use platform::{Fleet, INTERNAL_TOKEN, OPERATOR_TOKEN};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use testkit::Dice;

use crate::people::Person;

/// `console`, as the services see it: each request goes to one of their processes.
pub(crate) struct Console<'a> {
    pub(crate) client: Client,
    pub(crate) fleet: &'a Fleet,
}

impl Console<'_> {
    fn request(&self, service: Service, method: Method, path: &str, dice: &mut Dice) -> RequestBuilder {
        let processes = self.fleet.services(service);
        let process = &processes[dice.below(processes.len() as u64) as usize];
        let request = self.client.request(method, format!("{}{path}", process.http_url()));
        request.header("authorization", format!("Bearer {INTERNAL_TOKEN}"))
    }

    pub(crate) async fn post(&self, service: Service, path: &str, body: &Value, dice: &mut Dice) -> Response {
        self.request(service, Method::POST, path, dice).json(body).send().await.unwrap()
    }

    /// What an operator does through the real `console`.
    async fn operate(&self, path: &str, body: &Value) -> Response {
        let url = self.fleet.console_url().unwrap();
        self.client.post(format!("{url}{path}")).bearer_auth(OPERATOR_TOKEN).json(body).send().await.unwrap()
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, service: Service, path: &str) -> T {
        let answer = self.request(service, Method::GET, path, &mut Dice::new(0)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }
}

/// An order, and what was answered about it.
pub(super) struct Racer {
    pub(super) order: Id,
    /// The latest instant that an answer or its placing has promised, in Unix milliseconds.
    pub(super) promised_ms: AtomicI64,
    /// Each time that it was given.
    pub(super) extensions: Mutex<BTreeSet<i64>>,
    /// How many operators were told that they have cancelled it.
    pub(super) cancelled: AtomicUsize,
}

impl Racer {
    pub(super) fn new(order: Id, expires_at: Timestamp) -> Self {
        Self {
            order,
            promised_ms: expires_at.as_millis().into(),
            extensions: Mutex::default(),
            cancelled: AtomicUsize::new(0),
        }
    }

    /// How far its expiry is from now, before or behind.
    pub(super) fn distance_ms(&self) -> u64 {
        self.promised_ms.load(Ordering::Relaxed).abs_diff(clock::now_ms())
    }

    /// One act, chosen by the dice: mostly what lets the race go on.
    pub(super) async fn act(&self, console: &Console<'_>, buyer: &Person, mut dice: Dice) {
        match dice.below(100) {
            0..=39 => self.extend(console, &mut dice).await,
            40..=64 => self.move_timer(console, &mut dice).await,
            65..=69 => self.timer(console, "move", &mut dice, 0).await,
            70..=71 => self.remove_timer(console, &mut dice).await,
            72..=73 => self.cancel(console, &mut dice).await,
            74..=78 => self.pay(buyer).await,
            79..=86 => self.move_through_console(console, &mut dice).await,
            87..=88 => self.end_through_console(console, &mut dice).await,
            _ => self.look(console, &mut dice).await,
        }
    }

    /// By some hundred milliseconds from now or from its end, so that it is about to expire again.
    async fn extend(&self, console: &Console<'_>, dice: &mut Dice) {
        let by_ms = dice.below(400) as i64;
        let body = match dice.below(2) {
            0 => json!({ "to": Timestamp::from_millis(clock::now_ms() + by_ms) }),
            _ => json!({ "byMs": by_ms / 8 + 1 }),
        };
        let path = format!("/internal/orders/{}/extend", self.order);
        let answer = console.post(Service::Orders, &path, &body, dice).await;
        if is_ok(&answer, &[400, 409]) {
            let ExtendAnswer { from, to, .. } = answer.json().await.unwrap();
            self.has_until(from, to);
        }
    }

    fn has_until(&self, from: Timestamp, to: Timestamp) {
        assert!(from <= to, "{from} {to}");
        self.promised_ms.fetch_max(to.as_millis(), Ordering::Relaxed);
        if from < to {
            let is_new = self.extensions.lock().unwrap().insert(to.as_millis());
            assert!(is_new, "{to} was given twice");
        }
    }

    async fn move_through_console(&self, console: &Console<'_>, dice: &mut Dice) {
        let body = json!({ "byMs": dice.below(50) + 1 });
        let answer = console.operate(&format!("/api/timers/{}/move", self.order), &body).await;
        if is_ok(&answer, &[400, 409]) {
            let ActAnswer { decider, before, after, .. } = answer.json().await.unwrap();
            assert_eq!(decider, Decider::Orders);
            self.has_until(before.unwrap(), after.unwrap());
        }
    }

    async fn end_through_console(&self, console: &Console<'_>, dice: &mut Dice) {
        let verb = if dice.below(2) == 0 { "fire" } else { "cancel" };
        let body = json!({ "note": "asked by phone" });
        let answer = console.operate(&format!("/api/timers/{}/{verb}", self.order), &body).await;
        if is_ok(&answer, &[409]) {
            let ActAnswer { message, .. } = answer.json().await.unwrap();
            self.cancelled.fetch_add(usize::from(message.contains("is cancelled")), Ordering::Relaxed);
        }
    }

    /// The timer alone, which decides nothing: too early, and too late.
    async fn move_timer(&self, console: &Console<'_>, dice: &mut Dice) {
        let at_ms = clock::now_ms() - 1_000 + dice.below(2_000) as i64;
        self.timer(console, "move", dice, at_ms).await;
    }

    async fn timer(&self, console: &Console<'_>, verb: &str, dice: &mut Dice, at_ms: i64) {
        let body = json!({ "timers": [{ "id": self.order, "to": Timestamp::from_millis(at_ms) }] });
        let answer =
            console.post(Service::Expiration, &format!("/internal/timers/{verb}"), &body, dice).await;
        is_ok(&answer, &[]);
    }

    /// The sweeper has to find it.
    async fn remove_timer(&self, console: &Console<'_>, dice: &mut Dice) {
        let body = json!({ "ids": [self.order] });
        is_ok(&console.post(Service::Expiration, "/internal/timers/remove", &body, dice).await, &[]);
    }

    async fn cancel(&self, console: &Console<'_>, dice: &mut Dice) {
        let path = format!("/internal/orders/{}/cancel", self.order);
        let answer = console.post(Service::Orders, &path, &json!({}), dice).await;
        if is_ok(&answer, &[409]) && !answer.json::<CancelAnswer>().await.unwrap().already {
            self.cancelled.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn pay(&self, buyer: &Person) {
        let body = json!({ "orderId": self.order, "token": "tok_visa" });
        let answer = buyer.request(Method::POST, "/api/payments").json(&body).send().await.unwrap();
        // 503: there is more going on at this order than a request waits for.
        assert!([201, 400, 503].contains(&answer.status().as_u16()), "{answer:?}");
    }

    async fn look(&self, console: &Console<'_>, dice: &mut Dice) {
        let (service, path) = match dice.below(2) {
            0 => (Service::Orders, format!("/internal/orders/{}", self.order)),
            _ => (Service::Payments, format!("/internal/orders/{}", self.order)),
        };
        is_ok(&console.request(service, Method::GET, &path, dice).send().await.unwrap(), &[]);
    }
}

/// Whether it was done; else it must have been refused with one of these.
fn is_ok(answer: &Response, refusals: &[u16]) -> bool {
    let status = answer.status().as_u16();
    assert!(status == 200 || refusals.contains(&status), "{answer:?}");
    status == 200
}
