//! Lists, newest first.

use serde_json::Value;

use crate::shop::{Shop, id};

const INTENTS: &str = "/v1/payment_intents";

fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn intents_are_listed_newest_first_page_by_page() {
    let shop = Shop::open().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(shop.authorised().await);
    }
    made.reverse();
    let first = shop.get(INTENTS, &[("limit", "2")]).await.ok();
    assert_eq!((&first["object"], &first["url"]), (&Value::from("list"), &Value::from(INTENTS)));
    assert_eq!(first["has_more"], true);
    assert_eq!(ids(&first), made[..2]);
    let next = shop.get(INTENTS, &[("limit", "3"), ("starting_after", &made[1])]).await.ok();
    assert_eq!(ids(&next), made[2..]);
    assert_eq!(next["has_more"], false);
    shop.get(INTENTS, &[("limit", "101")]).await.error(400);
    shop.get(INTENTS, &[("starting_after", "pi_1")]).await.error(400);
}

#[tokio::test]
async fn a_list_can_be_bounded_by_when_things_were_made() {
    let shop = Shop::open().await;
    let intent = shop.authorised().await;
    let created = shop.intent(&intent).await["created"].as_i64().unwrap();
    for (name, bound, found) in [
        ("created[gte]", created, 1),
        ("created[gte]", created + 1, 0),
        ("created[gt]", created, 0),
        ("created[lte]", created, 1),
        ("created[lt]", created, 0),
        ("created", created, 1),
    ] {
        let list = shop.get(INTENTS, &[(name, &bound.to_string())]).await.ok();
        assert_eq!(ids(&list).len(), found, "{name}={bound}");
    }
}

#[tokio::test]
async fn events_are_listed_by_type_and_are_what_webhooks_carry() {
    let shop = Shop::open().await;
    shop.captured().await;
    let list = shop.get("/v1/events", &[("type", "payment_intent.succeeded")]).await.ok();
    assert_eq!(ids(&list).len(), 1);
    let event = shop.get(&format!("/v1/events/{}", ids(&list)[0]), &[]).await.ok();
    assert_eq!(event["data"]["object"]["status"], "succeeded");
    assert!(event["request"]["id"].as_str().unwrap().starts_with("req_"));
    let sent = shop.stripe.events();
    let sent = sent.iter().find(|sent| sent.id == id(&event)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&sent.payload).unwrap(), event);
}
