//! The document that the service serves, against what it really answers.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use testkit::openapi::undocumented;

use crate::{
    api::{PATH, SECRET, Server, WEBHOOK, payment, send},
    world::{BUYER, World},
};

/// A method, a path of the document, and a status.
type Answer = (String, String, u16);

/// Keeps what was answered to which operation.
#[derive(Default)]
struct Recorder(Vec<Answer>);

impl Recorder {
    async fn send(&mut self, method: &Method, template: &str, request: RequestBuilder, body: &str) {
        let status = send(request, body).await.status().as_u16();
        let answer = (method.to_string(), template.to_owned(), status);
        if !self.0.contains(&answer) {
            self.0.push(answer);
        }
    }
}

#[tokio::test]
async fn every_documented_status_is_answered_and_no_other_is() {
    let postgres = testkit::Postgres::start().await.unwrap();
    let server = Server::over(World::on(&postgres).await).await;
    let document: Value = server.get(BUYER, "/api/payments/openapi.json").await.json().await.unwrap();
    let mut recorder = Recorder::default();
    let (get, post) = (Method::GET, Method::POST);
    let order = server.world.order().await;
    let body = payment(order.as_str(), Some("tok_visa"));
    let (listed, unknown) = (format!("{PATH}?orderId={order}"), format!("{PATH}?orderId=nothing"));
    let me = |method: &Method, path: &str| server.request(BUYER, method.clone(), path);
    let nobody = |method: &Method, path: &str| server.anonymous(method.clone(), path);
    let cross = |request: RequestBuilder| request.header("sec-fetch-site", "cross-site");
    let hook = |body: &str| {
        let signature =
            stripe_stand_in::sign_webhook(body, common::clock::now().timestamp(), &[SECRET.to_owned()]);
        nobody(&post, WEBHOOK).header("stripe-signature", signature)
    };
    let large = " ".repeat(300_000);
    let told = r#"{"id":"evt_1","type":"payment_intent.canceled","data":{"object":{"id":"pi_1","object":"payment_intent",
                   "status":"canceled","metadata":{"payment":"p-1"}}}}"#;

    for path in [listed.as_str(), unknown.as_str(), PATH] {
        recorder.send(&get, PATH, me(&get, path), "").await;
    }
    recorder.send(&get, PATH, nobody(&get, &listed), "").await;
    let declined = payment(order.as_str(), Some("tok_chargeDeclined"));
    for (request, body) in [
        (me(&post, PATH), declined.as_str()),
        (me(&post, PATH), body.as_str()),
        (me(&post, PATH), "{}"),
        (nobody(&post, PATH), body.as_str()),
        (me(&post, PATH), r#"{"orderId":"nothing"}"#),
        (me(&post, PATH), &large),
        (cross(me(&post, PATH)), body.as_str()),
    ] {
        recorder.send(&post, PATH, request, body).await;
    }
    for (request, body) in [
        (hook(told), told),
        (nobody(&post, WEBHOOK), told),
        (hook(&large), large.as_str()),
        (cross(hook(told)), told),
    ] {
        recorder.send(&post, WEBHOOK, request, body).await;
    }
    let tried = server.world.order().await;
    server.world.refused_cards(&tried, 20).await;
    let one_more = payment(tried.as_str(), Some("tok_visa"));
    recorder.send(&post, PATH, me(&post, PATH), &one_more).await;
    // What no service of ours would store is a defect.
    sqlx::raw_sql(
        "update payments set amount = 9223372036854775807;
         create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
         create trigger refuse before insert on payments for each row execute function refuse();
         create trigger refuse before insert on stripe_events for each row execute function refuse();",
    )
    .execute(&server.world.pool)
    .await
    .unwrap();
    let another = server.world.order().await;
    let another = payment(another.as_str(), None);
    let told_too = told.replace("evt_1", "evt_2");
    for _ in ["a defect", "the database is away"] {
        recorder.send(&get, PATH, me(&get, &listed), "").await;
        recorder.send(&post, PATH, me(&post, PATH), &another).await;
        recorder.send(&post, WEBHOOK, hook(&told_too), &told_too).await;
        postgres.stop().await.unwrap();
    }
    assert_eq!(undocumented(&document, &recorder.0), [""; 0]);
}
