//! Which backend is asked.

use std::collections::HashMap;

use platform::{BoundGateway, Gateway, Route};
use serde_json::json;

use crate::{backend::Backend, gateway, get};

const NOT_FOUND: &str = r#"{"errors":[{"message":"Not Found"}]}"#;

async fn count(gateway: &Gateway, requests: usize) -> HashMap<String, usize> {
    let mut answers = HashMap::new();
    for _ in 0..requests {
        *answers.entry(get(gateway, "/api/orders").await.body).or_default() += 1;
    }
    answers
}

#[tokio::test]
async fn each_path_goes_to_the_service_of_its_first_segments_and_any_other_is_not_found() {
    let (users, orders) = (Backend::named("users").await, Backend::named("orders").await);
    let route =
        |prefix, service, backend: &Backend| Route { prefix, service, replicas: vec![backend.address] };
    let routes = vec![route("/api/users", "auth", &users), route("/api/orders", "orders", &orders)];
    let gateway = BoundGateway::any().await.unwrap().serve(routes).unwrap();
    for (path, expected) in [
        ("/api/users", "users"),
        ("/api/users/signin?next=/", "users"),
        ("/api/orders/6b06", "orders"),
        ("/api/orders?page=2", "orders"),
    ] {
        let answer = get(&gateway, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, expected), "{path}");
    }
    for path in ["/", "/api", "/api/payments", "/api/orderships", "/readyz"] {
        let answer = get(&gateway, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (404, NOT_FOUND), "{path}");
        assert_eq!(answer.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn the_shop_has_what_no_api_has() {
    let (shop, orders) = (Backend::named("shop").await, Backend::named("orders").await);
    let route =
        |prefix, service, backend: &Backend| Route { prefix, service, replicas: vec![backend.address] };
    let routes = vec![route("/api/orders", "orders", &orders), route("/", "client", &shop)];
    let gateway = BoundGateway::any().await.unwrap().serve(routes).unwrap();
    for (path, expected) in [
        ("/", "shop"),
        ("/orders/6b06?payment=done", "shop"),
        ("/api", "shop"),
        ("/api/orderships", "shop"),
        ("/api/orders", "orders"),
        ("/api/orders/6b06", "orders"),
    ] {
        assert_eq!(get(&gateway, path).await.body, expected, "{path}");
    }
}

#[tokio::test]
async fn replicas_take_turns_and_one_that_was_killed_is_passed_over() {
    let (one, two, three) = (Backend::named("1").await, Backend::named("2").await, Backend::named("3").await);
    let gateway = gateway(&[one.address, two.address, three.address]).await;
    assert_eq!(json!(count(&gateway, 9).await), json!({ "1": 3, "2": 3, "3": 3 }));
    two.kill().await;
    let answers = count(&gateway, 9).await;
    assert_eq!(answers.values().sum::<usize>(), 9, "{answers:?}");
    assert_eq!(answers.len(), 2, "{answers:?}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let backend = Backend::named("here").await;
    let error = format!("{:#}", BoundGateway::at(backend.address).await.unwrap_err());
    assert!(error.contains(&backend.address.to_string()) && error.contains("in use"), "{error}");
}
