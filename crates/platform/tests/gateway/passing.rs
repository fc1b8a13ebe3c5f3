//! What both sides see of each other.

use std::time::Duration;

use axum::{
    Json, Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::{AppendHeaders, IntoResponse},
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{backend::Backend, gateway, send};

const SOON: Duration = Duration::from_secs(10);

/// Answers with the request's body, as it comes.
pub(crate) fn echo() -> Router {
    Router::new().fallback(async |request: Request| request.into_body())
}

/// Answers with what it was asked, and with all that an answer can have.
async fn mirror(request: Request) -> impl IntoResponse {
    let of = |headers: &HeaderMap, name: &str| -> Vec<String> {
        headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    let names = ["host", "cookie", "origin", "traceparent", "x-request-id", "x-forwarded-for"];
    let more = ["x-forwarded-proto", "x-forwarded-host", "connection", "x-private"];
    let seen: serde_json::Map<String, Value> = names
        .iter()
        .chain(&more)
        .map(|name| ((*name).to_owned(), json!(of(request.headers(), name))))
        .collect();
    let seen =
        json!({ "method": request.method().as_str(), "uri": request.uri().to_string(), "headers": seen });
    let cookies = AppendHeaders([("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-answer", "kept")]);
    (StatusCode::IM_A_TEAPOT, cookies, Json(seen))
}

#[tokio::test]
async fn a_service_sees_the_clients_request_and_who_sent_it_and_the_client_the_whole_answer() {
    let backend = Backend::start(Router::new().fallback(mirror)).await;
    let gateway = gateway(&[backend.address]).await;
    let request = Request::put(format!("{}/api/orders/1?a=%20b", gateway.url()))
        .header("host", "shop.example:8080")
        .header("origin", "http://shop.example:8080")
        .header("cookie", "session=abc; other=1")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .header("x-request-id", "r-1")
        .header("x-forwarded-for", "10.0.0.1")
        .header("connection", "x-private")
        .header("x-private", "for the gateway alone")
        .body(Body::empty())
        .unwrap();
    let answer = send(request).await;
    assert_eq!(answer.status, 418);
    assert_eq!(answer.headers.get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
    assert_eq!(answer.headers["x-answer"], "kept");
    let expected = json!({
        "method": "PUT",
        "uri": "/api/orders/1?a=%20b",
        "headers": {
            "host": ["shop.example:8080"],
            "origin": ["http://shop.example:8080"],
            "cookie": ["session=abc; other=1"],
            "traceparent": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
            "x-request-id": ["r-1"],
            "x-forwarded-for": ["10.0.0.1, 127.0.0.1"],
            "x-forwarded-proto": ["http"],
            "x-forwarded-host": ["shop.example:8080"],
            "connection": [],
            "x-private": [],
        },
    });
    assert_eq!(serde_json::from_str::<Value>(&answer.body).unwrap(), expected);
}

#[tokio::test]
async fn bodies_are_passed_on_as_they_come_in_both_directions() {
    let backend = Backend::start(echo()).await;
    let gateway = gateway(&[backend.address]).await;
    let (sender, receiver) = mpsc::unbounded_channel::<Bytes>();
    let chunks = futures_util::stream::unfold(receiver, async |mut receiver| {
        let chunk = receiver.recv().await?;
        Some((Ok::<_, std::io::Error>(chunk), receiver))
    });
    let request = Request::post(format!("{}/api/orders", gateway.url()));
    let request = request.body(Body::from_stream(chunks)).unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    sender.send(Bytes::from_static(b"first")).unwrap();
    let answer =
        tokio::time::timeout(SOON, client.request(request)).await.expect("the answer begins").unwrap();
    let mut answer = Body::new(answer.into_body()).into_data_stream();
    // The second is only sent once the first has come back.
    assert_eq!(answer.next().await.unwrap().unwrap(), "first");
    sender.send(Bytes::from_static(b"second")).unwrap();
    assert_eq!(answer.next().await.unwrap().unwrap(), "second");
    drop(sender);
    assert!(answer.next().await.is_none());
}
