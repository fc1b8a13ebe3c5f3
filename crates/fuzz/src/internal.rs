//! What services answer `console`, and `console` operators, as seen by somebody who wants to break it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use common::{
    Service, clock,
    event::{Id, Timestamp},
};
use platform::{INTERNAL_TOKEN, OPERATOR_TOKEN};
use serde_json::json;

use super::{LIMIT, generated::Source, raw, target::Request, world::World};

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// What is answered who has a token: by a service under `/internal`, or by `console`.
#[derive(Clone, Debug)]
pub(super) struct Internal {
    pub(super) name: Service,
    pub(super) port: u16,
    /// Who has it may ask.
    pub(super) token: &'static str,
    /// A token that is good elsewhere.
    pub(super) other_token: &'static str,
    /// A request that is answered 200, whatever happened before.
    pub(super) good: Request,
    /// Each in which nothing is wrong.
    pub(super) operations: Vec<Request>,
    /// Those of their paths that have an id, and where.
    pub(super) templates: BTreeMap<String, String>,
    known: Vec<(&'static str, Vec<String>)>,
}

impl Internal {
    /// Of this service; none if `console` does not ask it.
    pub(super) fn of(name: Service, world: &World) -> Option<Self> {
        match name {
            Service::Orders => Some(Self::orders(world)),
            Service::Tickets => Some(Self::tickets(world)),
            Service::Payments => Some(Self::payments(world)),
            Service::Expiration => Some(Self::expiration(world)),
            Service::Console => Some(Self::console(world)),
            Service::Auth | Service::Client => None,
        }
    }

    fn new(name: Service, port: u16, good: &str) -> Self {
        let good = Request::get(good);
        let operations = vec![good.clone()];
        let (templates, known) = (BTreeMap::new(), Vec::new());
        let (token, other_token) = (INTERNAL_TOKEN, OPERATOR_TOKEN);
        Self { name, port, token, other_token, good, operations, templates, known }
    }

    /// With an operation.
    fn with(mut self, method: &'static str, path: &str, body: Option<serde_json::Value>) -> Self {
        self.operations.push(Request::new(method, path, body));
        self
    }

    /// With an operation on what has this id, which stands in the path as `{id}`.
    fn on(self, method: &'static str, template: &str, id: &Id, body: Option<serde_json::Value>) -> Self {
        let path = template.replace("{id}", id.as_str());
        let mut with = self.with(method, &path, body);
        with.templates.insert(path, template.to_owned());
        with
    }

    fn orders(world: &World) -> Self {
        let order = &world.for_operators[0];
        let ids = world.for_operators.iter().chain(&world.owed).map(ToString::to_string).collect();
        let later = Timestamp::from_millis(clock::now_ms() + HOUR_MS);
        let (one, owed) = ("/internal/orders/{id}", "/internal/payments/{id}/settle");
        let mut orders = Self::new(Service::Orders, world.ports.orders, "/internal/outbox")
            .on("GET", one, order, None)
            .on("POST", &format!("{one}/extend"), order, Some(json!({ "byMs": 60_000 })))
            .on("POST", &format!("{one}/cancel"), order, None)
            .on("POST", owed, &world.owed[0], Some(json!({ "note": "seen to" })))
            .with("POST", "/internal/orders/known", Some(json!({ "ids": [order] })))
            .with("GET", "/internal/payments/owed?limit=1", None)
            .with("GET", "/internal/sweeper", None)
            .with("PUT", "/internal/sweeper", Some(json!({ "heldUntil": later })));
        orders.known = vec![
            ("path.id", ids),
            ("query.after", world.owed.iter().map(ToString::to_string).collect()),
            ("body.to", vec![later.to_string()]),
            ("body.heldUntil", vec![later.to_string()]),
        ];
        orders
    }

    fn tickets(world: &World) -> Self {
        let order = &world.for_operators[0];
        let mut tickets = Self::new(Service::Tickets, world.ports.tickets, "/internal/outbox").on(
            "GET",
            "/internal/orders/{id}",
            order,
            None,
        );
        tickets.known = vec![
            ("path.id", vec![order.to_string()]),
            ("query.ticket", world.my_tickets.iter().map(ToString::to_string).collect()),
        ];
        tickets
    }

    fn payments(world: &World) -> Self {
        let order = &world.payable[0];
        let mut payments = Self::new(Service::Payments, world.ports.payments, "/internal/outbox").on(
            "GET",
            "/internal/orders/{id}",
            order,
            None,
        );
        payments.known = vec![("path.id", world.payable.iter().map(ToString::to_string).collect())];
        payments
    }

    /// Of timers that nobody needs: a pause lasts for longer than the rest of the run.
    fn expiration(world: &World) -> Self {
        let order = world.for_operators.last().unwrap_or(&world.their_order);
        let later = Timestamp::from_millis(clock::now_ms() + HOUR_MS);
        let moved = json!({ "timers": [{ "id": order, "to": later }] });
        let pause = json!({ "until": later, "by": "fuzz" });
        let mut expiration = Self::new(Service::Expiration, world.ports.expiration, "/internal/schedule")
            .on("GET", "/internal/timers/{id}", order, None)
            .with("GET", "/internal/timers?limit=1", None)
            .with("GET", "/internal/schedule/forecast", None)
            .with("POST", "/internal/timers/move", Some(moved))
            .with("POST", "/internal/timers/remove", Some(json!({ "ids": [order] })))
            .with("PUT", "/internal/pause", Some(pause))
            .with("POST", "/internal/resume", Some(json!({ "rate": 100 })));
        expiration.known = vec![
            ("path.id", world.for_operators.iter().map(ToString::to_string).collect()),
            ("body.until", vec![later.to_string()]),
        ];
        expiration
    }

    fn console(world: &World) -> Self {
        let order = world.for_operators.last().unwrap_or(&world.their_order);
        let later = Timestamp::from_millis(clock::now_ms() + HOUR_MS);
        let plan = json!({ "action": "cancelTimers", "timers": { "ids": [order] } });
        let console = Self::new(Service::Console, world.ports.console, "/api/status")
            .on("GET", "/api/orders/{id}", order, None)
            .on("POST", "/api/timers/{id}/move", order, Some(json!({ "byMs": 60_000 })))
            .on("POST", "/api/timers/{id}/cancel", order, None)
            .with("GET", "/api/timers?limit=1", None)
            .with("GET", "/api/timers/forecast", None)
            .with("GET", "/api/dead-letters/groups", None)
            .with("GET", "/api/dead-letters?limit=1", None)
            .with("GET", "/api/payments/owed?limit=1", None)
            .with("GET", "/api/audit?limit=1", None)
            .with("GET", "/api/live", None)
            .on("GET", "/api/operations/{id}", order, None)
            .on("POST", "/api/operations/{id}/abort", order, None)
            .on("GET", "/api/dead-letters/{id}", order, None)
            .with("GET", "/api/operations", None)
            .with("POST", "/api/operations", Some(plan))
            .with("POST", "/api/pause", Some(json!({ "until": later })));
        Self { token: OPERATOR_TOKEN, other_token: INTERNAL_TOKEN, ..console }
    }

    pub(super) fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// The bytes of a request with the token.
    pub(super) fn bytes(&self, request: &Request) -> Vec<u8> {
        request.bytes_with(Some(("Authorization", self.authorization().as_bytes())))
    }

    /// What requests to it are generated from.
    ///
    /// # Errors
    /// When the service does not answer with its document.
    pub(super) async fn source(&self) -> Result<Source> {
        let path = if self.name == Service::Console { "/api" } else { "/internal" };
        let request = Request::get(format!("{path}/openapi.json"));
        let answer = raw::send(self.port, &self.bytes(&request), LIMIT).await?.context("no document")?;
        ensure!(answer.status == 200, "{} {}: {}", self.name, request.path, answer.head);
        Ok(Source {
            document: String::from_utf8(answer.body).context("the document is no text")?,
            url: format!("http://127.0.0.1:{}", self.port),
            credentials: format!("[auth.openapi.token]\nbearer = {:?}", self.token),
            known: self.known.clone(),
            known_of: BTreeMap::new(),
            // An instant that is to come, a name and a rate within bounds, all at once.
            hard: &["PUT /internal/pause"],
            endless: &[],
        })
    }
}
