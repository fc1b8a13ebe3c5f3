//! What a buyer makes of answers that are lost, on a socket of an `orders` that loses them.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};

use serde_json::{Value, json};

use super::*;
use crate::cast::Browser;

/// What becomes of a request to place an order.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Placed, and answered so.
    Place,
    /// Placed, and the answer is lost.
    PlaceAndLose,
    /// Not placed.
    Down,
    /// Somebody else has the seat.
    Refuse,
}

#[derive(Debug, Default)]
struct Orders {
    steps: VecDeque<Step>,
    /// The list fails so many times.
    hidden: usize,
    posts: usize,
    placed: Vec<Value>,
}

type Shared = Arc<Mutex<Orders>>;

fn away() -> Response {
    (StatusCode::BAD_GATEWAY, "away").into_response()
}

fn refused() -> Response {
    (StatusCode::BAD_REQUEST, "reserved").into_response()
}

async fn place(State(orders): State<Shared>) -> Response {
    let mut orders = orders.lock().unwrap_or_else(PoisonError::into_inner);
    orders.posts += 1;
    let step = orders.steps.pop_front().unwrap_or(Step::Place);
    match step {
        Step::Down => return away(),
        Step::Refuse => return refused(),
        Step::Place | Step::PlaceAndLose if !orders.placed.is_empty() => return refused(),
        Step::Place | Step::PlaceAndLose => {}
    }
    let order = json!({ "id": "o-1", "expiresAt": "2026-01-31T12:00:00.000Z", "ticket": { "id": "t-1" } });
    orders.placed.push(order.clone());
    if matches!(step, Step::PlaceAndLose) {
        away()
    } else {
        (StatusCode::CREATED, Json(order)).into_response()
    }
}

async fn list(State(orders): State<Shared>) -> Response {
    let mut orders = orders.lock().unwrap_or_else(PoisonError::into_inner);
    if orders.hidden > 0 {
        orders.hidden -= 1;
        return away();
    }
    Json(json!(orders.placed)).into_response()
}

/// How the buyer knows of the order, or the error, and how often he asked for it.
async fn order(steps: &[Step], hidden: usize) -> (Result<Known>, usize) {
    let orders: Shared =
        Arc::new(Mutex::new(Orders { steps: steps.iter().copied().collect(), hidden, ..Orders::default() }));
    let sign_up = async || (StatusCode::CREATED, [(header::SET_COOKIE, "session=x; Path=/")]);
    let site = Router::new()
        .route("/api/users/signup", post(sign_up))
        .route("/api/orders", get(list).post(place))
        .with_state(Arc::clone(&orders));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let browser = Browser::new(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, site).await.unwrap() });
    let customer = customer(&browser).await;
    let placed = customer.order().await;
    let known = placed.map(|order| customer.ledger.order(&order).unwrap().known);
    let orders = orders.lock().unwrap();
    assert!(orders.placed.len() <= 1, "{orders:?}");
    (known, orders.posts)
}

async fn customer(browser: &Browser) -> Customer {
    Customer {
        role: Role { number: 1, buyer: 0, seat: 1, ending: Ending::Expires },
        ticket: "t-1".parse().unwrap(),
        window: Duration::from_secs(10),
        person: Arc::new(Person::sign_up(browser, "Ada").await.unwrap()),
        narrator: Narrator::silent(),
        ledger: Ledger::default(),
    }
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_in_the_list_and_not_placed_again() {
    let (known, posts) = order(&[Step::PlaceAndLose], 0).await;
    assert_eq!((known.unwrap(), posts), (Known::Listed, 1));
}

#[tokio::test]
async fn an_order_is_placed_once_the_service_is_back() {
    let (known, posts) = order(&[Step::Down, Step::Down, Step::Place], 0).await;
    assert_eq!((known.unwrap(), posts), (Known::Answered, 3));
}

#[tokio::test]
async fn a_list_that_is_away_too_makes_no_second_order() {
    let (known, posts) = order(&[Step::PlaceAndLose], 1).await;
    assert_eq!((known.unwrap(), posts), (Known::Listed, 2));
}

#[tokio::test]
async fn a_seat_that_somebody_else_has_is_no_reason_to_try_again() {
    let (known, posts) = order(&[Step::Refuse], 0).await;
    let error = format!("{:#}", known.unwrap_err());
    assert!(posts == 1 && error.contains("expected 201, not 400"), "{posts}: {error}");
}
