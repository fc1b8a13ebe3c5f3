//! The document of what `console` is answered, against what it really is answered.

use reqwest::Method;
use serde_json::Value;
use testkit::openapi::undocumented;

use crate::{
    api::Server,
    world::{QUARTER, World, payment},
};

#[tokio::test]
async fn every_documented_status_is_answered_and_no_other_is() {
    let postgres = testkit::Postgres::start().await.unwrap();
    let server = Server::over(World::on(&postgres).await).await;
    let document =
        server.console(Method::GET, "/internal/openapi.json", "").await.json::<Value>().await.unwrap();
    let (one, extend, cancel) =
        ("/internal/orders/{id}", "/internal/orders/{id}/extend", "/internal/orders/{id}/cancel");
    let (known, owed, settle) =
        ("/internal/orders/known", "/internal/payments/owed", "/internal/payments/{id}/settle");
    let (sweeper, outbox, retell) = ("/internal/sweeper", "/internal/outbox", "/internal/retell");
    let since = "2026-01-31T12:00:00.000Z";
    let (asked_since, told_since) = (format!("?since={since}"), format!(r#"{{"since":"{since}"}}"#));
    let order = server.world.order(QUARTER).await;
    let paid = server.world.order(QUARTER).await;
    let (first, second) = (payment(&paid.id), payment(&paid.id));
    server.world.store.pay(&[&first, &second]).await.unwrap();
    let (order, paid, owing) = (order.id.to_string(), paid.id.to_string(), second.id.to_string());
    let long = " ".repeat(140_000);
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let more = r#"{"byMs":5}"#;
    // Where `{id}` stands in the path, these are tried in turn.
    let asked: Vec<(&Method, &str, Vec<&str>, Vec<&str>)> = vec![
        (&get, one, vec![&order, "nobody"], vec![""]),
        (&post, extend, vec![&order, "nobody", &paid], vec![more, "{}", &long]),
        (&post, cancel, vec![&order, "nobody", &paid], vec![""]),
        (&post, known, vec![""], vec![r#"{"ids":["a"]}"#, "{}", &long]),
        (&get, owed, vec!["", "?limit=x"], vec![""]),
        (&post, settle, vec![&owing, "nobody"], vec![r#"{"note":"a"}"#, r#"{"note":"b"}"#, "{}", &long]),
        (&get, sweeper, vec![""], vec![""]),
        (&put, sweeper, vec![""], vec!["{}", r#"{"heldUntil":1}"#, &long]),
        (&get, outbox, vec![""], vec![""]),
        (&get, retell, vec![&asked_since, "?since=x"], vec![""]),
        (&post, retell, vec![""], vec![&told_since, "{}", &long]),
    ];
    let path_of = |template: &str, id: &str| match template.contains("{id}") {
        true => template.replace("{id}", id),
        false => format!("{template}{id}"),
    };
    let mut answered = Vec::new();
    let ask = async |method: &Method, template: &str, id: &str, body: &str| {
        let answer = server.console(method.clone(), &path_of(template, id), body).await;
        (method.to_string(), template.to_owned(), answer.status().as_u16())
    };
    for (method, template, ids, bodies) in &asked {
        for id in ids {
            for body in bodies {
                answered.push(ask(method, template, id, body).await);
            }
        }
        let answer =
            server.anonymous(Method::clone(method), &path_of(template, ids[0])).send().await.unwrap();
        answered.push((method.to_string(), (*template).to_owned(), answer.status().as_u16()));
    }
    postgres.stop().await.unwrap();
    for (method, template, ids, bodies) in &asked {
        answered.push(ask(method, template, ids[0], bodies[0]).await);
    }
    let never = undocumented(&document, &answered);
    let never: Vec<&String> = never.iter().filter(|line| !line.contains(" 500 is documented")).collect();
    assert_eq!(never, [""; 0], "a 500 is a defect, which nothing here has");
}
