//! The platform, somebody who buys there, and whoever asks `console`.

use std::{sync::LazyLock, time::Duration};

use async_nats::jetstream;
use common::{
    Service, clock,
    event::{Event, Id, OrderCreated, OrderStatus, OrderedTicket, Timestamp},
    operator::{ActAnswer, AuditEntry, AuditPage},
};
use platform::{JWT_KEY, OPERATOR_TOKEN, Platform, PlatformBuilder, VIEWER_TOKEN};
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use testkit::eventually;
use web::{Sessions, User};

pub(crate) const SOON: Duration = Duration::from_secs(60);
/// Longer than any test takes.
pub(crate) const LONG: Duration = Duration::from_secs(3_600);

pub(crate) struct World {
    pub(crate) platform: Platform,
    pub(crate) jetstream: jetstream::Context,
    client: Client,
    url: String,
    cookie: String,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn ok<T: DeserializeOwned>(self) -> T {
        assert!(matches!(self.status, 200..=202), "{self:?}");
        serde_json::from_value(self.body).unwrap()
    }

    /// The field and the message of the first error.
    pub(crate) fn error(&self, status: u16) -> (Option<&str>, &str) {
        assert_eq!(self.status, status, "{self:?}");
        let error = &self.body["errors"][0];
        (error["field"].as_str(), error["message"].as_str().unwrap())
    }
}

impl World {
    pub(crate) async fn start(window: Duration) -> Self {
        Self::of(Self::builder(window)).await
    }

    /// Without those that no test of these needs: a buyer's session is signed here.
    pub(crate) fn builder(window: Duration) -> PlatformBuilder {
        let builder = Platform::builder().window(window).env("MAX_UNPAID_ORDERS", "0");
        builder.replicas(Service::Auth, 0).replicas(Service::Client, 0)
    }

    pub(crate) async fn of(builder: PlatformBuilder) -> Self {
        let platform = builder.start().await.unwrap();
        let jetstream = jetstream::new(async_nats::connect(platform.nats().url()).await.unwrap());
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(SOON).build().unwrap();
        let url = platform.console_url().unwrap();
        let user = User { id: Id::generate(), email: Some("ada@example.com".to_owned()) };
        let cookie = Sessions::new(JWT_KEY.into()).open(&user, LONG, false);
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { platform, jetstream, client, url, cookie }
    }

    /// A request to `console` of nobody.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Every answer of the API is one that its document knows.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let answer = self.client.execute(request).await.unwrap();
        let status = answer.status().as_u16();
        assert!(is_documented(&method, &path, status), "{method} {path} {status} is not documented");
        let text = answer.text().await.unwrap();
        Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// What a viewer sees.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(VIEWER_TOKEN)).await
    }

    /// What an operator does.
    pub(crate) async fn act(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).bearer_auth(OPERATOR_TOKEN).json(body)).await
    }

    pub(crate) async fn done(&self, path: &str, body: &Value) -> ActAnswer {
        self.act(path, body).await.ok()
    }

    /// Entries of the audit about this target, the newest first.
    pub(crate) async fn audit(&self, target: &str) -> Vec<AuditEntry> {
        let page: AuditPage =
            self.get(&format!("/api/audit?target={}", target.replace(' ', "%20"))).await.ok();
        page.entries
    }

    /// Waits for an entry of the audit.
    pub(crate) async fn audited(&self, what: &str, matches: impl Fn(&AuditEntry) -> bool) -> AuditEntry {
        eventually(what, SOON, async || {
            let page: AuditPage = self.get("/api/audit?limit=500").await.ok();
            let found = page.entries.iter().find(|entry| matches(entry)).cloned();
            found.ok_or_else(|| format!("{:#?}", page.entries))
        })
        .await
    }
}

/// The shop
impl World {
    fn shop(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.platform.url())).header("cookie", &self.cookie)
    }

    /// Sells a ticket and orders it: the order.
    pub(crate) async fn order(&self) -> Id {
        let draft = json!({ "title": "Concert", "price": 20 });
        let ticket = self.send(self.shop(Method::POST, "/api/tickets").json(&draft)).await;
        let wish = json!({ "ticketId": id(&ticket.body) });
        eventually("the order is placed", SOON, async || {
            let answer = self.send(self.shop(Method::POST, "/api/orders").json(&wish)).await;
            if answer.status == 201 { Ok(id(&answer.body)) } else { Err(answer.body.to_string()) }
        })
        .await
    }

    /// Orders, whose timers are set.
    pub(crate) async fn scheduled(&self, count: usize) -> Vec<Id> {
        let mut orders = Vec::new();
        for _ in 0..count {
            orders.push(self.order().await);
        }
        for order in &orders {
            self.timer_is_set(order).await;
        }
        orders
    }

    pub(crate) async fn give_up(&self, order: &Id) {
        let answer = self.send(self.shop(Method::DELETE, &format!("/api/orders/{order}"))).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }

    pub(crate) async fn pay(&self, order: &Id) -> Id {
        let wish = json!({ "orderId": order, "token": "tok_visa" });
        eventually("the payment is taken", SOON, async || {
            let answer = self.send(self.shop(Method::POST, "/api/payments").json(&wish)).await;
            if answer.status == 201 { Ok(id(&answer.body)) } else { Err(answer.body.to_string()) }
        })
        .await
    }

    /// Waits until `console` says of an order what it should.
    pub(crate) async fn report(&self, order: &Id, what: &str, matches: impl Fn(&Value) -> bool) -> Value {
        eventually(what, SOON, async || {
            let answer = self.get(&format!("/api/orders/{order}")).await;
            if answer.status == 200 && matches(&answer.body) {
                Ok(answer.body)
            } else {
                Err(format!("{answer:?}"))
            }
        })
        .await
    }

    pub(crate) async fn status_is(&self, order: &Id, status: &str) -> Value {
        self.report(order, status, |report| report["order"]["status"] == status).await
    }

    pub(crate) async fn timer_is_set(&self, order: &Id) -> Value {
        self.report(order, "the timer is set", |report| report["timer"]["id"].is_string()).await
    }

    /// A timer of another service's order, which is due in so long.
    pub(crate) async fn foreign(&self, due_in: Duration) -> Id {
        let id = Id::generate();
        let event = OrderCreated {
            id: id.clone(),
            version: 0,
            status: OrderStatus::Created,
            user_id: Id::generate(),
            expires_at: Timestamp::from_millis(clock::now_ms() + due_in.as_millis() as i64),
            ticket: OrderedTicket { id: Id::generate(), price: serde_json::from_str("20").unwrap() },
        };
        let body = serde_json::to_vec(&event).unwrap();
        testkit::publish(&self.jetstream, OrderCreated::SUBJECT.as_str(), &body).await;
        self.timer_is_set(&id).await;
        id
    }

    /// The subjects and bodies of everything that was told of an order.
    pub(crate) async fn told(&self, stream: Service, order: &Id) -> Vec<String> {
        let name = messaging::topology::Topology::new(platform::CLUSTER, 1).stream_name(stream);
        let stream = self.jetstream.get_stream(name).await.unwrap();
        let mut subjects = Vec::new();
        for sequence in 1..=stream.cached_info().state.last_sequence {
            let message = stream.get_raw_message(sequence).await.unwrap();
            if String::from_utf8_lossy(&message.payload).contains(order.as_str()) {
                subjects.push(message.subject.to_string());
            }
        }
        subjects
    }
}

/// Whether an operation documents this status; what is no operation of `console` does.
fn is_documented(method: &Method, path: &str, status: u16) -> bool {
    static DOCUMENT: LazyLock<Value> =
        LazyLock::new(|| serde_json::to_value(console::http::openapi()).unwrap());
    let pieces = |path: &str| path.trim_end_matches('/').split('/').map(str::to_owned).collect::<Vec<_>>();
    let asked = pieces(path);
    let is_it = |template: &str| {
        let template = pieces(template);
        template.len() == asked.len()
            && template.iter().zip(&asked).all(|(part, given)| part.starts_with('{') || part == given)
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    // A path without a parameter goes before one with.
    let mut found: Vec<_> = paths.iter().filter(|(template, _)| is_it(template)).collect();
    found.sort_by_key(|(template, _)| template.contains('{'));
    let operation = found.first().map(|(_, item)| &item[method.as_str().to_lowercase()]);
    operation
        .is_none_or(|operation| operation.is_null() || !operation["responses"][status.to_string()].is_null())
}

/// The id in an answer.
pub(crate) fn id(body: &Value) -> Id {
    body["id"].as_str().unwrap_or_else(|| panic!("no id in {body}")).parse().unwrap()
}

/// An instant in an answer.
pub(crate) fn instant(value: &Value) -> i64 {
    value.as_str().unwrap_or_else(|| panic!("no instant: {value}")).parse::<Timestamp>().unwrap().as_millis()
}
