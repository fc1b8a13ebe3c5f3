//! The whole platform: its replicas stand in for each other behind one address, and it ends when it is told to.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use common::Service;
use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use platform::{LogLine, Platform};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use testkit::eventually;
use tokio::sync::mpsc;

const SOON: Duration = Duration::from_secs(30);
/// Those with an API.
const APIS: [Service; 4] = [Service::Auth, Service::Tickets, Service::Orders, Service::Payments];

/// The status, the cookie that was set and the body.
async fn ask(platform: &Platform, path: &str, cookie: &str, body: &Value) -> (StatusCode, String, Value) {
    let request = Request::post(format!("{}{path}", platform.url()))
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let (head, body) = client.request(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(Body::new(body), 100_000).await.unwrap();
    let cookie = head.headers.get(header::SET_COOKIE).map(|cookie| cookie.to_str().unwrap());
    let cookie = cookie.and_then(|cookie| cookie.split(';').next()).unwrap_or_default();
    (head.status, cookie.to_owned(), serde_json::from_slice(&body).unwrap())
}

/// Somebody signs up, sells a ticket, orders it and pays.
async fn order(platform: &Platform, email: &str) -> Value {
    let credentials = json!({ "email": email, "password": "a-password" });
    let (status, cookie, person) = ask(platform, "/api/users/signup", "", &credentials).await;
    assert_eq!(status, 201, "{person:#}");
    let offer = json!({ "title": "Concert", "price": 20 });
    let (status, _, ticket) = ask(platform, "/api/tickets", &cookie, &offer).await;
    assert_eq!(status, 201, "{ticket:#}");
    let wish = json!({ "ticketId": ticket["id"] });
    let order = eventually("the ticket is known to `orders`, and ordered", SOON, async || {
        match ask(platform, "/api/orders", &cookie, &wish).await {
            (StatusCode::CREATED, _, order) => Ok(order),
            (status, _, body) => Err(format!("{status}: {body}")),
        }
    })
    .await;
    let card = json!({ "orderId": order["id"], "token": "tok_visa" });
    let (status, _, payment) = ask(platform, "/api/payments", &cookie, &card).await;
    assert_eq!(status, 201, "{payment:#}");
    order
}

async fn rows(platform: &Platform, name: Service, sql: &'static str) -> i64 {
    let mut database = PgConnection::connect(platform.database_url(name).unwrap()).await.unwrap();
    sqlx::query_scalar(sql).fetch_one(&mut database).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_placed_and_paid_with_a_dead_replica_of_every_service_that_people_ask() {
    let (sender, mut lines) = mpsc::unbounded_channel();
    let mut builder = Platform::builder().window(Duration::from_secs(60)).echo(sender);
    for name in APIS {
        builder = builder.replicas(name, 2);
    }
    let platform = builder.start().await.unwrap();
    for name in APIS {
        platform.services(name)[0].kill().await.unwrap();
    }
    // Twice, so that it is the turn of each dead one.
    for email in ["ada@example.com", "ben@example.com"] {
        let order = order(&platform, email).await;
        assert_eq!(order["status"], "created", "{order:#}");
    }
    eventually("the money is with the seller", SOON, async || {
        match platform.stripe().captured_minus_refunded("usd") {
            4_000 => Ok(()),
            cents => Err(cents.to_string()),
        }
    })
    .await;
    assert!(format!("{:#}", platform.check_running().unwrap_err()).contains("-1 has ended"));
    for name in APIS {
        platform.services(name)[0].restart().await.unwrap();
        platform.services(name)[0].ready(SOON).await.unwrap();
    }
    platform.check_running().unwrap();
    assert_eq!(rows(&platform, Service::Auth, "select count(*) from users").await, 2);
    assert_eq!(rows(&platform, Service::Tickets, "select count(*) from tickets").await, 2);
    assert_eq!(rows(&platform, Service::Orders, "select count(*) from orders").await, 2);
    assert_eq!(platform.database_url(Service::Expiration), None);
    let mut said = Vec::new();
    while let Ok(LogLine { process, line }) = lines.try_recv() {
        assert!(serde_json::from_str::<Value>(&line).is_ok_and(|line| line.is_object()), "{process}: {line}");
        said.push(process);
    }
    for service in platform.all_services() {
        assert!(said.iter().any(|process| process == service.name()), "{} says nothing", service.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_drains_in_time_and_names_the_service_that_does_not() {
    let platform = Platform::builder().start().await.unwrap();
    platform.drain(SOON).await.unwrap();
    let platform = Platform::builder().start().await.unwrap();
    platform.services(Service::Orders)[0].pause().unwrap();
    let error = format!("{:#}", platform.drain(Duration::from_secs(5)).await.unwrap_err());
    assert!(error.starts_with("orders-1 has not ended within 5s"), "{error}");
    assert!(!error.contains("auth-1"), "{error}");
}
