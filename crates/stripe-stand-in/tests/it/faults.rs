//! Every fault at every call: whether it was done, what the client gets, and what the same key gets next.

use std::time::Duration;

use stripe_stand_in::{Call, Fault, RandomFaults, StandIn};

use crate::shop::{Answer, Shop, confirmed, id};

/// A hanging request is given up after this by the test's client.
const GIVE_UP: Duration = Duration::from_millis(300);

/// One call of each kind that changes something, prepared so that it would succeed.
struct Prepared {
    path: String,
    params: Vec<(&'static str, String)>,
    intent: Option<String>,
}

impl Prepared {
    async fn of(shop: &Shop, call: Call) -> Self {
        let intents = "/v1/payment_intents";
        let act = |intent: String, action: &str| Self {
            path: format!("{intents}/{intent}/{action}"),
            params: Vec::new(),
            intent: Some(intent),
        };
        match call {
            Call::CaptureIntent => act(shop.authorised().await, "capture"),
            Call::CancelIntent => act(shop.authorised().await, "cancel"),
            Call::ConfirmIntent => {
                let card = [("amount", "2000"), ("currency", "usd"), ("payment_method_types[]", "card")];
                let card = [&card[..], &[("payment_method", "pm_card_visa")]].concat();
                act(id(&shop.post(intents, &card).await.ok()), "confirm")
            }
            Call::CreateRefund => {
                let intent = shop.captured().await;
                let params = vec![("payment_intent", intent.clone())];
                Self { path: "/v1/refunds".to_owned(), params, intent: Some(intent) }
            }
            Call::ExpireSession => {
                let session = id(&shop.session(&[]).await.ok());
                let path = format!("/v1/checkout/sessions/{session}/expire");
                Self { path, params: Vec::new(), intent: None }
            }
            Call::CreateSession => {
                let params = crate::sessions::PARAMS.map(|(name, value)| (name, value.to_owned())).to_vec();
                Self { path: "/v1/checkout/sessions".to_owned(), params, intent: None }
            }
            _ => {
                let params = confirmed("manual", "tok_visa").map(|(name, value)| (name, value.to_owned()));
                Self { path: intents.to_owned(), params: params.to_vec(), intent: None }
            }
        }
    }

    /// Sends it; None where no answer comes.
    async fn send(&self, shop: &Shop) -> Option<Answer> {
        let params: Vec<_> = self.params.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = tokio::time::timeout(GIVE_UP, shop.keyed("the key", &self.path, &params)).await;
        answer.ok()?.ok()
    }
}

/// How much has been done, whatever kind of call does it.
fn effects(shop: &Shop) -> usize {
    shop.stripe.events().len()
}

const CHANGING: [Call; 7] = [
    Call::CreateIntent,
    Call::ConfirmIntent,
    Call::CaptureIntent,
    Call::CancelIntent,
    Call::CreateRefund,
    Call::CreateSession,
    Call::ExpireSession,
];

/// Lets one call go wrong so, sends it twice under one key, and returns both answers and what each did.
async fn twice(call: Call, fault: Fault) -> [(Option<u16>, bool); 2] {
    let shop = Shop::open().await;
    let prepared = Prepared::of(&shop, call).await;
    shop.stripe.fault(call, fault, 1);
    let mut results = [(None, false); 2];
    for result in &mut results {
        let before = (effects(&shop), sessions(&shop).await);
        let answer = prepared.send(&shop).await;
        let after = (effects(&shop), sessions(&shop).await);
        *result = (answer.map(|answer| answer.status), before != after);
    }
    assert_eq!(shop.stripe.faults_left(), 0);
    if let Some(intent) = prepared.intent {
        assert_eq!(shop.stripe.ledger().len(), 1, "{intent}");
    }
    results
}

/// A new session causes no event.
async fn sessions(shop: &Shop) -> usize {
    shop.get("/v1/checkout/sessions", &[]).await.ok()["data"].as_array().unwrap().len()
}

/// What the first and the second request under one key get (a status, or nothing), and whether each did anything.
fn expected(fault: Fault) -> [(Option<u16>, bool); 2] {
    let (done, undone) = ((Some(200), true), (Some(200), false));
    match fault {
        Fault::ErrorBefore => [(Some(500), false), (Some(500), false)],
        Fault::ErrorAfter => [(Some(500), true), (Some(500), false)],
        Fault::Unavailable => [(Some(503), false), done],
        Fault::RateLimited => [(Some(429), false), done],
        Fault::KeyInUse => [(Some(409), false), done],
        Fault::HangBefore | Fault::CutBefore => [(None, false), done],
        Fault::HangAfter | Fault::CutAfter => [(None, true), undone],
        Fault::Slow(_) => [done, undone],
    }
}

#[tokio::test]
async fn every_fault_at_every_call_that_changes_something() {
    for call in CHANGING {
        for fault in Fault::ALL {
            assert_eq!(twice(call, fault).await, expected(fault), "{call:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn every_fault_at_a_look_up_and_at_a_list() {
    let shop = Shop::open().await;
    let path = format!("/v1/payment_intents/{}", shop.authorised().await);
    for (call, path) in [(Call::Get, path.as_str()), (Call::List, "/v1/payment_intents")] {
        for fault in Fault::ALL {
            shop.stripe.fault(call, fault, 1);
            let request = shop.request(reqwest::Method::GET, path, &[]);
            let answer = tokio::time::timeout(GIVE_UP, crate::shop::send(request)).await;
            let status = answer.ok().and_then(Result::ok).map(|answer| answer.status);
            let hoped = match fault {
                // There is no key.
                Fault::KeyInUse => Some(200),
                fault => expected(fault)[0].0,
            };
            assert_eq!(status, hoped, "{call:?} {fault:?}");
            shop.get(path, &[]).await.ok();
        }
    }
}

#[tokio::test]
async fn the_errors_have_stripes_types_and_codes() {
    let shop = Shop::open().await;
    let params = confirmed("manual", "tok_visa");
    for (fault, status, kind, code) in [
        (Fault::ErrorBefore, 500, "api_error", None),
        (Fault::Unavailable, 503, "api_error", None),
        (Fault::RateLimited, 429, "invalid_request_error", Some("rate_limit")),
        (Fault::KeyInUse, 409, "invalid_request_error", Some("idempotency_key_in_use")),
    ] {
        shop.stripe.fault(Call::CreateIntent, fault, 1);
        let answer = shop.keyed(&format!("{fault:?}"), "/v1/payment_intents", &params).await.unwrap();
        assert!(answer.header("request-id").is_some());
        let error = answer.error(status);
        assert_eq!(error["type"], kind);
        assert_eq!(error["code"].as_str(), code);
    }
}

#[tokio::test]
async fn faults_come_in_the_order_in_which_they_were_ordered_and_as_often() {
    let shop = Shop::open().await;
    shop.stripe.fault(Call::List, Fault::RateLimited, 2);
    shop.stripe.fault(Call::List, Fault::ErrorBefore, 1);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(shop.get("/v1/payment_intents", &[]).await.status);
    }
    assert_eq!(statuses, [429, 429, 500, 200]);
    assert_eq!(shop.stripe.requests(Call::List), 4);
    shop.stripe.fault(Call::List, Fault::RateLimited, 5);
    shop.stripe.clear_faults();
    shop.get("/v1/payment_intents", &[]).await.ok();
}

#[tokio::test]
async fn faults_by_chance_are_the_same_for_the_same_seed() {
    let faults = |seed| RandomFaults {
        seed,
        probability: 0.5,
        calls: vec![Call::List],
        faults: vec![Fault::RateLimited, Fault::Unavailable],
    };
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let shop = Shop::open().await;
        shop.stripe.random_faults(faults(seed));
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(shop.get("/v1/payment_intents", &[]).await.status);
        }
        shop.authorised().await;
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    for status in [200, 429, 503] {
        assert!(runs[0].contains(&status), "{:?}", runs[0]);
    }
}

#[tokio::test]
async fn a_slow_call_goes_on_when_its_client_is_gone() {
    let shop = Shop::open().await;
    shop.stripe.fault(Call::CreateIntent, Fault::Slow(Duration::from_millis(500)), 1);
    let params = confirmed("manual", "tok_visa");
    let request = shop.keyed("k", "/v1/payment_intents", &params);
    tokio::time::timeout(Duration::from_millis(200), request).await.unwrap_err();
    testkit::eventually("it is done", crate::shop::LIMIT, async || match shop.stripe.ledger().len() {
        1 => Ok(()),
        other => Err(format!("{other} intents")),
    })
    .await;
    let again = shop.keyed("k", "/v1/payment_intents", &params).await.unwrap();
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn while_it_is_down_nothing_answers() {
    let shop = Shop::open().await;
    shop.get("/v1/payment_intents", &[]).await.ok();
    shop.stripe.set_down(true);
    let params = confirmed("manual", "tok_visa");
    assert!(shop.keyed("k", "/v1/payment_intents", &params).await.is_err());
    assert!(shop.client.get(shop.stripe.url()).send().await.is_err());
    shop.stripe.set_down(false);
    assert_eq!(shop.stripe.ledger(), []);
    shop.keyed("k", "/v1/payment_intents", &params).await.unwrap().ok();
}

#[tokio::test]
async fn it_is_gone_when_its_handle_is_dropped() {
    let stripe = StandIn::start().await.unwrap();
    let url = stripe.url().to_owned();
    drop(stripe);
    testkit::eventually("nobody listens", crate::shop::LIMIT, async || {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        match client.get(&url).send().await {
            Ok(answer) => Err(answer.status().to_string()),
            Err(_) => Ok(()),
        }
    })
    .await;
}
