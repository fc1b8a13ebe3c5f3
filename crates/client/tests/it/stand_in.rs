//! One server that plays every API: each is there, away or slow, and says what a test wants.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use serde_json::{Value, json};
use tokio::sync::watch;

/// A server that plays every API. One ticket, `t1`, and one order of it, `o1`.
#[derive(Clone, Debug)]
pub(crate) struct StandIn {
    url: String,
    play: Arc<Play>,
}

#[derive(Debug)]
struct Play {
    says: Mutex<Says>,
    /// Tickets are listed only while this is true.
    open: watch::Sender<bool>,
}

#[derive(Debug)]
struct Says {
    away: Vec<&'static str>,
    order: Value,
    payments: Value,
    page: String,
    lists: usize,
}

type Answer = (StatusCode, Json<Value>);

impl StandIn {
    pub(crate) async fn new() -> Self {
        let order = json!({
            "id": "o1", "status": "created", "userId": "u1", "expiresAt": "2999-01-31T12:00:00.000Z", "version": 0,
            "ticket": { "id": "t1", "title": "A seat", "price": 20, "version": 0 },
        });
        let says = Says { away: Vec::new(), order, payments: json!([]), page: String::new(), lists: 0 };
        let play = Arc::new(Play { says: Mutex::new(says), open: watch::Sender::new(true) });
        let routes = Router::new()
            .route("/api/users/currentuser", get(user))
            .route("/api/users/{verb}", get(user).post(user))
            .route("/api/tickets", get(tickets).post(ticket))
            .route("/api/tickets/{id}", get(ticket).put(ticket))
            .route("/api/orders", get(orders).post(order_of))
            .route("/api/orders/{id}", get(order_of).delete(order_of))
            .route("/api/payments", get(payments).post(pay))
            .with_state(Arc::clone(&play));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, play }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    fn says(&self) -> MutexGuard<'_, Says> {
        self.play.says()
    }

    /// These services answer as a proxy does when they are away.
    pub(crate) fn set_away(&self, services: &[&'static str]) {
        self.says().away = services.to_vec();
    }

    /// Sets a field of the order.
    pub(crate) fn set_order(&self, field: &str, value: Value) {
        self.says().order[field] = value;
    }

    pub(crate) fn set_payments(&self, payments: Value) {
        self.says().payments = payments;
    }

    /// Where one pays.
    pub(crate) fn pay_at(&self, url: &str) {
        url.clone_into(&mut self.says().page);
    }

    /// Lets lists of tickets wait, or go on.
    pub(crate) fn set_open(&self, open: bool) {
        self.play.open.send_replace(open);
    }

    /// How often tickets were listed.
    pub(crate) fn lists(&self) -> usize {
        self.says().lists
    }
}

impl Play {
    fn says(&self) -> MutexGuard<'_, Says> {
        self.says.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, service: &str, body: impl FnOnce(&Says) -> Value) -> Answer {
        let says = self.says();
        if says.away.contains(&service) {
            return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "errors": [{ "message": "away" }] })));
        }
        (StatusCode::OK, Json(body(&says)))
    }
}

async fn user(State(play): State<Arc<Play>>) -> Answer {
    play.of("auth", |_| json!({ "currentUser": { "id": "u1", "email": "a@example.com" } }))
}

fn one_ticket() -> Value {
    json!({ "id": "t1", "title": "A seat", "price": 20, "userId": "u2", "version": 0 })
}

async fn tickets(State(play): State<Arc<Play>>) -> Answer {
    let _ = play.open.subscribe().wait_for(|open| *open).await;
    play.says().lists += 1;
    play.of("tickets", |_| json!([one_ticket()]))
}

async fn ticket(State(play): State<Arc<Play>>) -> Answer {
    play.of("tickets", |_| one_ticket())
}

async fn orders(State(play): State<Arc<Play>>) -> Answer {
    play.of("orders", |says| json!([says.order]))
}

async fn order_of(State(play): State<Arc<Play>>, _: Option<Path<String>>) -> Answer {
    play.of("orders", |says| says.order.clone())
}

async fn payments(State(play): State<Arc<Play>>) -> Answer {
    play.of("payments", |says| says.payments.clone())
}

async fn pay(State(play): State<Arc<Play>>) -> Answer {
    play.of("payments", |says| json!({ "id": "p1", "url": says.page }))
}
