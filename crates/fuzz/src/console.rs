//! What generated requests to `console` are about. It is made right before them: a pause, a cancellation or a note on a
//! payment can be given once, and a timer and a plan do not last.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_nats::jetstream;
use common::{
    clock,
    event::{Event as _, Id, OrderCreated, OrderStatus, OrderedTicket, PaymentCreated, Timestamp},
};
use serde_json::{Value, json};

use super::{
    LIMIT,
    generated::{Known, Source},
    internal::Internal,
    raw,
    session::{self, User},
    target::Request,
    world::{World, broker, owe, unknown_payment},
};
use platform::Platform;
use testkit::poll;

/// Of each kind, for each operation that uses one up.
const ENOUGH: usize = 12;
/// All of it is there sooner, also on a busy machine.
const MADE: Duration = Duration::from_secs(30);
/// The consumer of what is told of payments.
const POISONED: &str = "orders-payment-created";
const HOUR_MS: i64 = 60 * 60 * 1_000;

/// What requests to `console` are generated from.
///
/// # Errors
/// When something that they are about could not be made.
pub(super) async fn source(target: &Internal, platform: &Platform, world: &World) -> Result<Source> {
    let broker = broker(platform).await?;
    let (fired, cancelled) = (orders(world).await?, orders(world).await?);
    let moved = [orders(world).await?, foreign(&broker, ENOUGH).await?].concat();
    let removed = foreign(&broker, 2 * ENOUGH).await?;
    let (fired, cancelled) =
        ([&fired, &removed[..ENOUGH]].concat(), [&cancelled, &removed[ENOUGH..]].concat());
    // One subject: they are known once what follows is given up.
    let owed = owe(&broker, ENOUGH).await?;
    poison(&broker, 3 * ENOUGH).await;
    for id in moved.iter().chain(&removed) {
        seen(target, &format!("/api/orders/{id}"), |report| report["timer"].is_object()).await?;
    }
    let path = format!("/api/dead-letters?consumer={POISONED}&limit=1000");
    let are_all = |page: &Value| page["letters"].as_array().is_some_and(|all| all.len() >= 3 * ENOUGH);
    let page = seen(target, &path, are_all).await?;
    let letters = page["letters"].as_array().context("no letters")?;
    let sequences: Vec<Value> = letters.iter().map(|letter| letter["sequence"].clone()).collect();
    let named = letters.iter().find(|letter| letter["order"].is_string());
    let named = named.context("no dead letter names an order")?;

    let later = json!(Timestamp::from_millis(clock::now_ms() + HOUR_MS));
    let body = json!(serde_json::to_string(&unknown_payment())?);
    let ids = |ids: &[Id]| Known::often("path.id", ids.iter().map(|id| json!(id)).collect());
    let sequences =
        |of: usize| Known::often("path.sequence", sequences[of * ENOUGH..(of + 1) * ENOUGH].to_vec());
    let query = |name, value: &Value| Known::often(name, vec![value.clone()]);
    let mut source = target.source().await?;
    source.hard = &[];
    source.endless = &["/api/live"];
    source.known_of = [
        ("GET /api/orders/{id}", vec![ids(&[&moved[..], &fired].concat())]),
        ("POST /api/timers/{id}/fire", vec![ids(&fired)]),
        ("POST /api/timers/{id}/cancel", vec![ids(&cancelled)]),
        ("POST /api/timers/{id}/move", vec![ids(&moved), Known::always("body.to", later.clone())]),
        ("POST /api/pause", vec![Known::always("body.until", later)]),
        // Every other request is about a plan of one timer, see hooks.py.
        ("POST /api/operations/{id}/confirm", vec![Known::always("body.count", json!(1))]),
        (
            "GET /api/dead-letters",
            vec![query("query.group", &named["group"]), query("query.order", &named["order"])],
        ),
        ("GET /api/dead-letters/{sequence}", vec![sequences(0)]),
        (
            "POST /api/dead-letters/{sequence}/replay",
            vec![sequences(1), Known::often("body.body", vec![body])],
        ),
        ("POST /api/dead-letters/{sequence}/discard", vec![sequences(2)]),
        (
            "GET /api/payments/owed",
            vec![Known::often("query.after", owed.iter().map(|id| json!(id)).collect())],
        ),
        ("POST /api/payments/{id}/settle", vec![ids(&owed)]),
    ]
    .into();
    Ok(source)
}

/// Orders of ours, unpaid. Neither their buyer nor their seller has an account.
async fn orders(world: &World) -> Result<Vec<Id>> {
    let somebody = || {
        let id = Id::generate();
        User { cookie: session::good(&id), id }
    };
    let (seller, buyer) = (somebody(), somebody());
    let mut orders = Vec::new();
    for ticket in world.ports.sell(&seller, ENOUGH).await? {
        orders.push(world.ports.order(&buyer, &ticket).await?);
    }
    Ok(orders)
}

/// Tells of another service's orders, of which there is a timer and nothing else.
async fn foreign(broker: &jetstream::Context, count: usize) -> Result<Vec<Id>> {
    let mut orders = Vec::new();
    for _ in 0..count {
        let event = OrderCreated {
            id: Id::generate(),
            version: 0,
            status: OrderStatus::Created,
            user_id: Id::generate(),
            expires_at: Timestamp::from_millis(clock::now_ms() + HOUR_MS),
            ticket: OrderedTicket { id: Id::generate(), price: serde_json::from_str("20")? },
        };
        testkit::publish(broker, OrderCreated::SUBJECT.as_str(), &serde_json::to_vec(&event)?).await;
        orders.push(event.id);
    }
    Ok(orders)
}

/// Tells of payments in bodies that are none. Half of them name their order all the same.
async fn poison(broker: &jetstream::Context, count: usize) {
    for number in 0..count {
        let body = if number % 2 == 0 {
            r#"{"id": oops"#.to_owned()
        } else {
            json!({ "orderId": Id::generate() }).to_string()
        };
        testkit::publish(broker, PaymentCreated::SUBJECT.as_str(), body.as_bytes()).await;
    }
}

/// Waits until an answer of `console` is as it will be.
async fn seen(target: &Internal, path: &str, is_there: impl Fn(&Value) -> bool) -> Result<Value> {
    let request = target.bytes(&Request::get(path));
    let ask = async || -> Result<Value> {
        let answer = raw::send(target.port, &request, LIMIT).await?.context("no answer")?;
        let body: Value = serde_json::from_slice(&answer.body)?;
        ensure!(answer.status == 200 && is_there(&body), "GET {path}: {} {body}", answer.status);
        Ok(body)
    };
    let answer = poll(MADE, async || ask().await.map_err(|error| format!("{error:#}"))).await;
    answer.map_err(anyhow::Error::msg)
}
