//! What a buyer and the record make of answers that were lost.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{delete, post},
};
use judge::Known;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{NOWHERE, access};
use crate::workload::{
    buyer, closing,
    notes::Notes,
    plan::{Moment, Order, Step, What, WorkloadPlan},
    stage::Stage,
};

const LENGTH: Duration = Duration::from_secs(4);
/// Comes with a session.
const BUYER: usize = 8;

/// What a gateway says in place of a service.
const LOST: (StatusCode, &str) = (StatusCode::BAD_GATEWAY, "broke the connection");
const NOT_SENT: (StatusCode, &str) =
    (StatusCode::SERVICE_UNAVAILABLE, "No replica of orders takes a connection");

type Answer = (StatusCode, Json<Value>);

/// `orders`, as far as a buyer sees it, with answers of its own for the first requests to place, to list and to cancel.
#[derive(Debug, Default)]
struct Shop {
    placing: Vec<(StatusCode, &'static str)>,
    listing: Vec<(StatusCode, &'static str)>,
    cancelling: Vec<(StatusCode, &'static str)>,
    orders: Vec<Value>,
}

type Shared = State<Arc<Mutex<Shop>>>;

fn instead(of: &mut Vec<(StatusCode, &'static str)>) -> Option<Answer> {
    let (status, said) = of.pop()?;
    Some((status, Json(json!({ "errors": [{ "message": said }] }))))
}

async fn place(State(shop): Shared, Json(wish): Json<Value>) -> Answer {
    let mut shop = shop.lock().unwrap();
    let answer = instead(&mut shop.placing);
    if answer.as_ref().is_some_and(|(_, Json(body))| body["errors"][0]["message"] == NOT_SENT.1) {
        return answer.unwrap();
    }
    let placed = shop.orders.first().cloned();
    let status = if placed.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let expires_at = common::event::Timestamp::from_millis(common::clock::now_ms() + 60_000);
    let order = placed.unwrap_or_else(
        || json!({ "id": "o-1", "expiresAt": expires_at, "ticket": { "id": wish["ticketId"] } }),
    );
    shop.orders = vec![order.clone()];
    answer.unwrap_or((status, Json(order)))
}

async fn list(State(shop): Shared) -> Answer {
    let mut shop = shop.lock().unwrap();
    let orders = Json(shop.orders.clone().into());
    instead(&mut shop.listing).unwrap_or((StatusCode::OK, orders))
}

async fn cancel(State(shop): Shared) -> Answer {
    instead(&mut shop.lock().unwrap().cancelling).unwrap_or((StatusCode::NO_CONTENT, Json(Value::Null)))
}

async fn stage(shop: Shop) -> Stage {
    let api = Router::new()
        .route("/api/orders", post(place).get(list))
        .route("/api/orders/{id}", delete(cancel))
        .with_state(Arc::new(Mutex::new(shop)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, api).await });
    let plan = WorkloadPlan::new(1, LENGTH, Duration::from_secs(3));
    let access = access(&gateway, NOWHERE).await;
    let stage = Stage::new(&plan, &access, Instant::now(), Notes::default()).await.unwrap();
    stage.tickets[0].set("t-1".parse().unwrap()).unwrap();
    stage
}

fn order(insists: bool, steps: &[What]) -> Order {
    let step = |what: &What| Step { at: Moment::AfterPlaced(Duration::ZERO), what: *what };
    Order { buyer: BUYER, ticket: 0, insists, steps: steps.iter().map(step).collect() }
}

#[tokio::test]
async fn who_asks_again_is_told_of_the_order_whose_answer_was_lost() {
    let stage = stage(Shop { placing: vec![LOST], ..Shop::default() }).await;
    buyer::orders(&stage, &order(true, &[])).await;
    let record = stage.notes.record();
    assert_eq!((record.placed.len(), record.placed[0].known), (1, Known::Answered));
    assert_eq!(record.doubtful.len(), 1, "the first request may be executed yet");
    closing::looks_back(&stage).await;
    let record = stage.notes.record();
    assert_eq!((record.placed.len(), record.doubtful.len()), (1, 0));
}

#[tokio::test]
async fn who_does_not_ask_again_finds_the_order_in_the_list() {
    let stage = stage(Shop { placing: vec![LOST], ..Shop::default() }).await;
    buyer::orders(&stage, &order(false, &[])).await;
    let record = stage.notes.record();
    assert_eq!((record.placed.len(), record.doubtful.len()), (0, 1));
    closing::looks_back(&stage).await;
    let record = stage.notes.record();
    assert_eq!((record.placed[0].order.as_str(), record.placed[0].known), ("o-1", Known::Listed));
    assert!(record.doubtful.is_empty());
}

#[tokio::test]
async fn an_order_whose_list_does_not_come_stays_in_doubt() {
    let stage = stage(Shop { placing: vec![LOST], listing: vec![LOST; 100], ..Shop::default() }).await;
    buyer::orders(&stage, &order(false, &[])).await;
    closing::looks_back(&stage).await;
    let record = stage.notes.record();
    assert_eq!((record.placed.len(), record.doubtful.len()), (0, 1));
}

#[tokio::test]
async fn a_request_that_nobody_took_leaves_no_doubt_and_is_sent_again() {
    let stage = stage(Shop { placing: vec![NOT_SENT], ..Shop::default() }).await;
    buyer::orders(&stage, &order(false, &[])).await;
    let record = stage.notes.record();
    assert_eq!((record.placed.len(), record.doubtful.len()), (1, 0));
}

#[tokio::test]
async fn a_refused_cancellation_is_no_wish_and_a_lost_one_is_asked_for_again() {
    let refused = (StatusCode::BAD_REQUEST, "Order is already complete");
    let refusing = stage(Shop { cancelling: vec![refused], ..Shop::default() }).await;
    buyer::orders(&refusing, &order(true, &[What::Cancel])).await;
    assert!(refusing.notes.record().cancellations.is_empty());

    let losing = stage(Shop { cancelling: vec![LOST], ..Shop::default() }).await;
    buyer::orders(&losing, &order(true, &[What::Cancel])).await;
    let wishes = losing.notes.record().cancellations;
    assert_eq!(wishes.iter().map(|wish| wish.answered).collect::<Vec<_>>(), [true]);

    let away = stage(Shop { cancelling: vec![LOST; 100], ..Shop::default() }).await;
    buyer::orders(&away, &order(true, &[What::Cancel])).await;
    let wishes = away.notes.record().cancellations;
    assert_eq!(wishes.iter().map(|wish| wish.answered).collect::<Vec<_>>(), [false]);
}
