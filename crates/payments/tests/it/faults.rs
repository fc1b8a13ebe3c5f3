//! Every fault of the provider at every call: whatever is lost, money is held once, taken once, or given back.

use payments::payment::{Payment, Status};
use stripe_stand_in::{Call, Fault, IntentStatus, RandomFaults};

use crate::world::{LIMIT, World};

/// Faults of calls that carry no key too.
fn faults(call: Call) -> impl Iterator<Item = Fault> {
    let is_read = call == Call::Get;
    Fault::ALL.into_iter().filter(move |fault| !is_read || *fault != Fault::KeyInUse)
}

#[track_caller]
fn one_intent(world: &World, payment: &Payment, status: IntentStatus, fault: Fault) {
    let ledger = world.ledger(payment);
    assert_eq!(ledger.len(), 1, "{fault:?}: {ledger:?}");
    assert_eq!(ledger[0].status, status, "{fault:?}");
}

/// Has the settler work until the outcome of a payment that was begun is known.
async fn known(world: &World, payment: &Payment) -> Payment {
    testkit::eventually("the outcome is known", LIMIT, async || {
        world.hurry().await;
        world.settler.run_once().await.map_err(|error| error.to_string())?;
        let payment = world.find(&payment.id).await;
        if payment.status == Status::Pending { Err(format!("{payment:?}")) } else { Ok(payment) }
    })
    .await
}

/// Has the settler work until the money is where it belongs, without the pauses between attempts: they grow with the number
/// of failures, which is up to chance.
async fn ended(world: &World, payment: &Payment, status: Status) {
    testkit::eventually("the payment's end", LIMIT, async || {
        world.hurry().await;
        world.settler.run_once().await.map_err(|error| error.to_string())?;
        let payment = world.find(&payment.id).await;
        if payment.status == status && payment.due_at.is_none() {
            Ok(())
        } else {
            Err(format!("{payment:?}"))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_charged_once_whatever_happens_to_the_calls() {
    let world = World::new().await;
    let mut begun = 0;
    for call in [Call::CreateIntent, Call::ConfirmIntent] {
        for fault in faults(call) {
            for times in [1, 3] {
                let payment = world.begun(Some("tok_visa")).await;
                begun += 1;
                world.stripe.fault(call, fault, times);
                let known = known(&world, &payment).await;
                world.stripe.clear_faults();
                assert_eq!(known.status, Status::Authorised, "{call:?} {fault:?}");
                one_intent(&world, &payment, IntentStatus::RequiresCapture, fault);
            }
        }
    }
    assert_eq!(world.told().await.len(), begun, "each is told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_card_is_declined_whatever_happens_to_the_calls_and_nothing_is_left_open() {
    let world = World::new().await;
    for call in [Call::CreateIntent, Call::ConfirmIntent] {
        for fault in faults(call) {
            let payment = world.begun(Some("tok_chargeDeclined")).await;
            world.stripe.fault(call, fault, 1);
            let declined = known(&world, &payment).await;
            assert_eq!(declined.status, Status::Declined, "{call:?} {fault:?}");
            assert_eq!(declined.reason.as_deref(), Some("Your card was declined."), "{fault:?}");
            world.settled(&payment, Status::Declined).await;
            one_intent(&world, &payment, IntentStatus::Canceled, fault);
        }
    }
    assert_eq!(world.told().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_whose_order_is_over_before_it_is_charged_is_charged_no_more_whatever_happens_to_the_calls() {
    let world = World::new().await;
    for call in [Call::CreateIntent, Call::ConfirmIntent] {
        for fault in faults(call).filter(|fault| !matches!(fault, Fault::Slow(_))) {
            let payment = world.begun(Some("tok_visa")).await;
            world.stripe.fault(call, fault, 1);
            assert!(world.cashier.begin(&payment).await.is_err(), "{call:?} {fault:?}");
            world.cancel(&payment.order_id).await;
            for fault in [fault, Fault::ErrorBefore] {
                world.stripe.fault(Call::CancelIntent, fault, 1);
            }
            let known = known(&world, &payment).await;
            world.stripe.clear_faults();
            assert_eq!(known.status, Status::Closed, "{call:?} {fault:?}");
            assert!(world.ledger(&payment).iter().all(|entry| entry.status == IntentStatus::Canceled));
        }
    }
    assert_eq!(world.stripe.open_authorisations(), []);
    assert_eq!(world.told().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_provider_may_have_forgotten_is_not_used_again_and_the_intent_says_what_came_of_it() {
    let world = World::new().await;
    let aged = async |fault: Fault, call: Call| {
        let payment = world.begun(Some("tok_visa")).await;
        world.stripe.fault(call, fault, 1);
        assert!(world.cashier.begin(&payment).await.is_err());
        sqlx::query("update payments set created_at = now() - interval '24 hours' where id = $1")
            .bind(payment.id.as_str())
            .execute(&world.pool)
            .await
            .unwrap();
        world.stripe.forget_idempotency_keys();
        let calls = [Call::CreateIntent, Call::ConfirmIntent].map(|call| world.stripe.requests(call));
        let known = known(&world, &payment).await;
        assert_eq!([Call::CreateIntent, Call::ConfirmIntent].map(|call| world.stripe.requests(call)), calls);
        known.status
    };
    assert_eq!(aged(Fault::CutAfter, Call::CreateIntent).await, Status::Closed);
    assert_eq!(aged(Fault::CutBefore, Call::ConfirmIntent).await, Status::Closed);
    assert_eq!(aged(Fault::CutAfter, Call::ConfirmIntent).await, Status::Authorised);
    assert_eq!(world.stripe.open_authorisations().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_taken_once_whatever_happens_to_the_capture() {
    let world = World::new().await;
    for (taken, fault) in faults(Call::CaptureIntent).enumerate() {
        let payment = world.authorised().await;
        world.stripe.fault(Call::CaptureIntent, fault, 2);
        world.complete(&payment).await;
        world.settled(&payment, Status::Captured).await;
        world.stripe.clear_faults();
        assert_eq!(world.outcomes(&payment).await.len(), 1, "{fault:?}");
        assert_eq!(world.stripe.captured_minus_refunded("usd"), 2000 * (taken as i64 + 1), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_let_go_whatever_happens_to_the_release() {
    let world = World::new().await;
    for fault in faults(Call::CancelIntent) {
        let payment = world.authorised().await;
        world.stripe.fault(Call::CancelIntent, fault, 2);
        world.reject(&payment).await;
        world.settled(&payment, Status::Released).await;
        world.stripe.clear_faults();
        assert_eq!(world.outcomes(&payment).await.len(), 1, "{fault:?}");
        one_intent(&world, &payment, IntentStatus::Canceled, fault);
    }
    assert_eq!(world.stripe.captured_minus_refunded("usd"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_was_taken_goes_back_once_whatever_happens_to_the_refund() {
    let world = World::new().await;
    for fault in faults(Call::CreateRefund) {
        let payment = world.authorised().await;
        world.complete(&payment).await;
        world.settled(&payment, Status::Captured).await;
        world.stripe.fault(Call::CreateRefund, fault, 2);
        world.reject(&payment).await;
        world.settled(&payment, Status::Refunded).await;
        world.stripe.clear_faults();
        assert_eq!(world.outcomes(&payment).await.len(), 2, "{fault:?}");
        assert_eq!(world.ledger(&payment)[0].refunded, 2000, "{fault:?}");
    }
    assert_eq!(world.stripe.captured_minus_refunded("usd"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_made_or_given_up_whatever_happens_to_the_call() {
    let world = World::new().await;
    for fault in faults(Call::CreateSession) {
        let payment = world.begun(None).await;
        world.stripe.fault(Call::CreateSession, fault, 1);
        let known = known(&world, &payment).await;
        // Where its key is spent, nobody has its address.
        let is_spent = matches!(fault, Fault::ErrorBefore | Fault::ErrorAfter);
        let status = if is_spent { Status::Closed } else { Status::Open };
        assert_eq!((known.status, known.url.is_some()), (status, !is_spent), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_closed_whatever_happens_to_the_call() {
    let world = World::new().await;
    for fault in faults(Call::ExpireSession) {
        let payment = world.open_page().await;
        world.stripe.fault(Call::ExpireSession, fault, 2);
        world.cancel(&payment.order_id).await;
        world.settled(&payment, Status::Closed).await;
        world.stripe.clear_faults();
        let page = reqwest::Client::builder().no_proxy().build().unwrap().get(payment.url.unwrap());
        let page = page.send().await.unwrap().text().await.unwrap();
        assert!(!page.contains("name=\"number\""), "{fault:?}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn look_ups_that_fail_are_made_again() {
    let world = World::new().await;
    for fault in faults(Call::Get) {
        let payment = world.authorised().await;
        // Somebody takes the money by hand, so that the release has to look, and then to refund.
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url =
            format!("{}/v1/payment_intents/{}/capture", world.stripe.url(), payment.intent.clone().unwrap());
        assert_eq!(
            client.post(url).bearer_auth(crate::world::STRIPE_KEY).send().await.unwrap().status(),
            200
        );
        world.stripe.fault(Call::Get, fault, 2);
        world.reject(&payment).await;
        world.settled(&payment, Status::Refunded).await;
        world.stripe.clear_faults();
    }
    for fault in faults(Call::Get) {
        let payment = world.begun(Some("tok_visa")).await;
        world.stripe.fault(Call::ConfirmIntent, Fault::ErrorAfter, 1);
        world.stripe.fault(Call::Get, fault, 2);
        assert_eq!(known(&world, &payment).await.status, Status::Authorised, "{fault:?}");
        world.stripe.clear_faults();
        one_intent(&world, &payment, IntentStatus::RequiresCapture, fault);
    }
    assert_eq!(world.stripe.captured_minus_refunded("usd"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_chance_everything_may_fail_and_the_money_is_right_in_the_end() {
    let world = World::new().await;
    world.stripe.random_faults(RandomFaults {
        seed: 7,
        probability: 0.4,
        calls: Call::ALL.to_vec(),
        faults: Fault::ALL.to_vec(),
    });
    let mut payments = Vec::new();
    for _ in 0..20 {
        payments.push(world.begun(Some("tok_visa")).await);
    }
    for payment in &payments {
        known(&world, payment).await;
    }
    let (complete, rejected) = payments.split_at(12);
    for payment in complete {
        world.complete(payment).await;
    }
    for payment in rejected {
        world.reject(payment).await;
    }
    for payment in complete {
        ended(&world, payment, Status::Captured).await;
    }
    for payment in rejected {
        ended(&world, payment, Status::Released).await;
    }
    assert_eq!(world.stripe.captured_minus_refunded("usd"), 12 * 2000);
    assert_eq!(world.stripe.open_authorisations(), []);
    assert_eq!(world.charged().len(), payments.len());
}
