//! The APIs, as seen by somebody who wants to break them.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use common::{Service, event::Id};
use serde_json::{Value, json};

use super::{
    generated::Source,
    raw,
    session::User,
    world::{PASSWORD, World},
};

/// An API.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) name: Service,
    pub(super) port: u16,
    pub(super) me: User,
    /// Above all its paths.
    pub(super) prefix: &'static str,
    /// A GET that answers 200 to me, whatever happened before.
    pub(super) good: String,
    /// A list in pages, where there is one.
    pub(super) list: Option<&'static str>,
    /// Needs a session.
    pub(super) guarded: Request,
    /// Takes a body, which is right.
    pub(super) write: Request,
    /// What only somebody else may do.
    pub(super) others: Vec<Request>,
    /// For a parameter of the document: values that mean something.
    pub(super) known: Vec<(&'static str, Vec<String>)>,
}

/// A request in which nothing is wrong.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Option<Value>,
}

impl Request {
    /// Asks for this path.
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path, None)
    }

    pub(super) fn new(method: &'static str, path: impl Into<String>, body: Option<Value>) -> Self {
        Self { method, path: path.into(), body }
    }

    /// The bytes of it, with this `Cookie`.
    pub(super) fn bytes(&self, cookie: Option<&str>) -> Vec<u8> {
        self.bytes_with(cookie.map(|cookie| ("Cookie", cookie.as_bytes())))
    }

    /// The bytes of it, with this header.
    pub(super) fn bytes_with(&self, header: Option<(&str, &[u8])>) -> Vec<u8> {
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        let mut headers: Vec<(&str, &[u8])> = Vec::new();
        headers.extend(self.body.as_ref().map(|_| ("Content-Type", &b"application/json"[..])));
        headers.extend(header);
        raw::request(self.method, &self.path, &headers, body.as_bytes())
    }
}

impl Target {
    /// The API of this service; none for one that has no API.
    pub(super) fn of(name: Service, world: &World) -> Option<Self> {
        match name {
            Service::Auth => Some(Self::auth(world)),
            Service::Tickets => Some(Self::tickets(world)),
            Service::Orders => Some(Self::orders(world)),
            Service::Payments => Some(Self::payments(world)),
            Service::Expiration | Service::Client | Service::Console => None,
        }
    }

    fn auth(world: &World) -> Self {
        let account = json!({ "email": "somebody@example.com", "password": PASSWORD });
        Self {
            name: Service::Auth,
            port: world.ports.auth,
            me: world.me.clone(),
            prefix: "/api/users",
            good: "/api/users/currentuser".to_owned(),
            list: None,
            guarded: Request::new("GET", "/api/users/currentuser", None),
            write: Request::new("POST", "/api/users/signup", Some(account)),
            others: Vec::new(),
            known: vec![("body.email", world.accounts.clone()), ("body.password", vec![PASSWORD.to_owned()])],
        }
    }

    fn tickets(world: &World) -> Self {
        let draft = || Some(json!({ "title": "Seat", "price": 10 }));
        let mine = world.my_tickets.iter().map(ToString::to_string);
        let theirs = world.their_tickets.iter().map(ToString::to_string);
        Self {
            name: Service::Tickets,
            port: world.ports.tickets,
            me: world.me.clone(),
            prefix: "/api/tickets",
            good: "/api/tickets?limit=1".to_owned(),
            list: Some("/api/tickets"),
            guarded: Request::new("POST", "/api/tickets", draft()),
            write: Request::new("POST", "/api/tickets", draft()),
            others: vec![Request::new("PUT", format!("/api/tickets/{}", world.their_tickets[0]), draft())],
            known: vec![
                ("path.id", mine.clone().chain(theirs.take(1)).collect()),
                ("query.after", mine.collect()),
            ],
        }
    }

    fn orders(world: &World) -> Self {
        let mine = world.my_orders.iter().map(ToString::to_string);
        let theirs = world.their_order.to_string();
        let other = |method| Request::new(method, format!("/api/orders/{theirs}"), None);
        Self {
            name: Service::Orders,
            port: world.ports.orders,
            me: world.me.clone(),
            prefix: "/api/orders",
            good: "/api/orders?limit=1".to_owned(),
            list: Some("/api/orders"),
            guarded: Request::new("GET", "/api/orders", None),
            write: Request::new(
                "POST",
                "/api/orders",
                Some(json!({ "ticketId": "65b0a3f0c1d2e3f405162738" })),
            ),
            others: vec![other("GET"), other("DELETE")],
            known: vec![
                ("path.id", mine.clone().chain([theirs.clone()]).collect()),
                ("query.after", mine.collect()),
                ("body.ticketId", world.their_tickets.iter().map(ToString::to_string).collect()),
            ],
        }
    }

    fn payments(world: &World) -> Self {
        let mine = &world.payable[0];
        let of = |order: &Id| format!("/api/payments?orderId={order}");
        let orders: Vec<String> = world.payable.iter().map(ToString::to_string).collect();
        let pays = |order: &Id| Request::new("POST", "/api/payments", Some(json!({ "orderId": order })));
        Self {
            name: Service::Payments,
            port: world.ports.payments,
            me: world.payer.clone(),
            prefix: "/api/payments",
            good: of(mine),
            list: None,
            guarded: Request::get(of(mine)),
            write: pays(mine),
            others: vec![Request::get(of(&world.their_order)), pays(&world.their_order)],
            known: vec![
                ("query.orderId", orders.clone()),
                ("body.orderId", orders),
                ("body.token", ["tok_visa", "tok_chargeDeclined"].map(str::to_owned).to_vec()),
            ],
        }
    }

    /// What requests to it are generated from.
    ///
    /// # Errors
    /// When the service does not answer with its document.
    pub(super) async fn source(&self) -> Result<Source> {
        let path = format!("{}/openapi.json", self.prefix);
        let (status, document) = testkit::http_get(self.port, &path).await?;
        ensure!(status == 200, "{} {path}: {status}", self.name);
        let session = self.me.cookie.trim_start_matches("session=");
        Ok(Source {
            document,
            url: format!("http://127.0.0.1:{}", self.port),
            credentials: format!("[auth.openapi.session]\napi_key = {session:?}"),
            known: self.known.clone(),
            known_of: BTreeMap::new(),
            hard: &[],
            endless: &[],
        })
    }
}
