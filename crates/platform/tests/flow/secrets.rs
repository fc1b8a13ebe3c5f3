//! What no log may have, however much is logged.

use std::time::Duration;

use common::Service;
use platform::{INTERNAL_TOKEN, JWT_KEY, OPERATOR_TOKEN, Platform, VIEWER_TOKEN, WEBHOOK_SECRET};
use stripe_stand_in::{Call, Fault};

use crate::{
    people::{GOOD_CARD, PASSWORD, Person, id, type_in},
    world::{World, money_is},
};

const WINDOW: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn no_log_of_any_service_has_a_password_a_session_a_key_a_token_a_signature_or_a_card_number() {
    let world = World::of(Platform::builder().window(WINDOW).rust_log("trace")).await;
    let ada = Person::sign_up(&world.platform, "ada").await;
    let order = async |title: &str| id(&ada.order_soon(&ada.sell(title).await).await);
    let (by_token, by_page) = (order("Concert, row 7").await, order("Concert, row 8").await);
    // Calls that fail are logged with more words.
    for fault in [Fault::Unavailable, Fault::CutBefore] {
        world.platform.stripe().fault(Call::ConfirmIntent, fault, 1);
    }
    ada.pay(&by_token, Some("tok_visa")).await;
    let page = ada.pay(&by_page, None).await["url"].as_str().unwrap().to_owned();
    assert_eq!(type_in(&page, GOOD_CARD).await.unwrap().0, 200);
    for order in [&by_token, &by_page] {
        world.order_is(&ada, order, "the money is with the seller", money_is("captured")).await;
    }

    // An operator looks, a viewer is refused, and `console` asks everybody.
    let console = world.platform.console_url().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let look = client.get(format!("{console}/api/orders/{by_token}")).bearer_auth(OPERATOR_TOKEN);
    assert_eq!(look.send().await.unwrap().status(), 200);
    let act = client.post(format!("{console}/api/timers/{by_token}/fire")).bearer_auth(VIEWER_TOKEN);
    assert_eq!(act.json(&serde_json::json!({})).send().await.unwrap().status(), 403);

    let session = ada.session();
    let tokens = [INTERNAL_TOKEN, OPERATOR_TOKEN, VIEWER_TOKEN];
    let secrets = [PASSWORD, session, JWT_KEY, WEBHOOK_SECRET, "sk_test_", "tok_visa", GOOD_CARD, "v1="];
    for name in Service::OURS {
        for service in world.platform.services(name) {
            let log = service.log();
            assert!(
                log.contains("TRACE") || log.contains("DEBUG"),
                "{name} logs too little to prove anything"
            );
            for secret in secrets.into_iter().chain(tokens) {
                let line = log.lines().find(|line| line.contains(secret));
                assert_eq!(line, None, "{secret} is in the log of {name}");
            }
        }
    }
}
