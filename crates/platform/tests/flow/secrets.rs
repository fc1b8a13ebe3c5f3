//! What no log may have, however much is logged.

use std::time::Duration;

use common::Service;
use platform::{JWT_KEY, Platform, WEBHOOK_SECRET};
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

    let session = ada.session();
    let secrets = [PASSWORD, session, JWT_KEY, WEBHOOK_SECRET, "sk_test_", "tok_visa", GOOD_CARD, "v1="];
    for name in Service::OURS {
        for service in world.platform.services(name) {
            let log = service.log();
            assert!(
                log.contains("TRACE") || log.contains("DEBUG"),
                "{name} logs too little to prove anything"
            );
            for secret in secrets {
                let line = log.lines().find(|line| line.contains(secret));
                assert_eq!(line, None, "{secret} is in the log of {name}");
            }
        }
    }
}
