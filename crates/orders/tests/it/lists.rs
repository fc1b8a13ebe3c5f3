//! Lists in pages, and what surrounds each request.

use common::event::Id;
use orders::store::Placement;
use reqwest::{Method, Response};
use serde_json::Value;

use crate::{
    api::{Server, check},
    world::{id, wish},
};

/// A server with a buyer `u-1` of so many orders, the oldest first.
async fn buyer(orders: usize) -> (Server, Vec<Id>) {
    let server = Server::new().await;
    let mut placed = Vec::new();
    for _ in 0..orders {
        let wish = Placement { user_id: id("u-1"), ..wish(&server.world.ticket().await) };
        server.world.store.place(&wish).await.unwrap();
        placed.push(wish.order_id);
    }
    (server, placed)
}

async fn ids(answer: Response) -> Vec<Id> {
    let orders: Vec<Value> = answer.json().await.unwrap();
    orders.into_iter().map(|order| id(order["id"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn pages_lead_through_the_whole_list_and_a_short_one_is_one_page() {
    let (server, placed) = buyer(5).await;
    let mut path = "/api/orders?limit=2".to_owned();
    let mut found = Vec::new();
    loop {
        let answer = server.get("u-1", &path).await;
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let page = ids(answer).await;
        assert!(page.len() == 2 || link.is_none(), "{page:?}");
        found.extend(page);
        let Some(link) = link else { break };
        let (target, relation) = link.split_once('>').unwrap();
        assert_eq!(relation, "; rel=\"next\"");
        path = target.trim_start_matches('<').to_owned();
    }
    assert_eq!(found, placed);
    let all = server.get("u-1", "/api/orders").await;
    assert!(all.headers().get("link").is_none());
    assert_eq!(ids(all).await, placed);
    let rest = server.get("u-1", &format!("/api/orders?after={}", placed[3])).await;
    assert_eq!(ids(rest).await, placed[4..]);
    let behind_the_last = server.get("u-1", &format!("/api/orders?after={}", placed[4])).await;
    assert_eq!(ids(behind_the_last).await, []);
}

#[tokio::test]
async fn a_page_that_makes_no_sense_is_refused_by_its_parameter() {
    let (server, placed) = buyer(1).await;
    let limit = include_str!("../golden/limit_not_valid.http");
    for wrong in ["0", "101", "x", "-1", ""] {
        check(server.get("u-1", &format!("/api/orders?limit={wrong}")).await, limit, &[]).await;
    }
    let after = include_str!("../golden/after_not_known.http");
    for wrong in ["nothing", "a%20b", "%ff"] {
        check(server.get("u-1", &format!("/api/orders?after={wrong}")).await, after, &[]).await;
    }
    // Nobody learns whether an order of someone else is there.
    check(server.get("u-2", &format!("/api/orders?after={}", placed[0])).await, after, &[]).await;
}

#[tokio::test]
async fn every_answer_names_its_request() {
    let (server, _) = buyer(0).await;
    let request = || server.request("u-1", Method::GET, "/api/orders");
    let given = request().header("x-request-id", "ticket-42").send().await.unwrap();
    assert_eq!(given.headers()["x-request-id"], "ticket-42");
    let made = request().send().await.unwrap();
    assert_eq!(made.headers()["x-request-id"].len(), 24);
    let nowhere = server.get("u-1", "/nowhere").await;
    assert_eq!(nowhere.headers()["x-request-id"].len(), 24);
}

#[tokio::test]
async fn a_write_from_another_site_is_refused_and_no_other_origin_is_ever_allowed() {
    let (server, _) = buyer(0).await;
    let golden = include_str!("../golden/cross_site.http");
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")]
    {
        for (method, path) in [(Method::POST, "/api/orders"), (Method::DELETE, "/api/orders/x")] {
            let answer = server.request("u-1", method, path).header(name, value).send().await.unwrap();
            check(answer, golden, &[]).await;
        }
        let answer =
            server.request("u-1", Method::GET, "/api/orders").header(name, value).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers().get("access-control-allow-origin").is_none());
    }
    let preflight =
        server.request("u-1", Method::OPTIONS, "/api/orders").header("origin", "https://evil.example");
    check(preflight.send().await.unwrap(), include_str!("../golden/method_not_allowed.http"), &[]).await;
}
