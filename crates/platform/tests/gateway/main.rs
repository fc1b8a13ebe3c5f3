//! The gateway on real sockets: who is asked, how often, and what both sides see of each other.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod backend;
mod failures;
mod passing;
mod routing;

use std::net::SocketAddr;

use axum::{body::Body, http::Request};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use platform::{BoundGateway, Gateway, Route};

/// A gateway with `/api/orders` at these replicas.
async fn gateway(replicas: &[SocketAddr]) -> Gateway {
    let orders = Route { prefix: "/api/orders", service: "orders", replicas: replicas.to_vec() };
    BoundGateway::any().await.unwrap().serve(vec![orders]).unwrap()
}

/// What a client gets.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: axum::http::HeaderMap,
    body: String,
}

async fn send(request: Request<Body>) -> Answer {
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let (head, body) = client.request(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(Body::new(body), 1_000_000).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { status: head.status.as_u16(), headers: head.headers, body }
}

async fn get(gateway: &Gateway, path: &str) -> Answer {
    send(Request::get(format!("{}{path}", gateway.url())).body(Body::empty()).unwrap()).await
}

async fn post(gateway: &Gateway, path: &str, body: &str) -> Answer {
    send(Request::post(format!("{}{path}", gateway.url())).body(Body::from(body.to_owned())).unwrap()).await
}
