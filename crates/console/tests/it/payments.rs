//! Money that is owed.

use common::{
    event::{Event, Id, PaymentCreated},
    internal::OwedPayments,
    operator::{ActAnswer, AuditOutcome},
};
use serde_json::json;
use testkit::eventually;

use crate::world::{LONG, SOON, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_nobody_settles_is_owed_until_a_person_does() {
    let world = World::start(LONG).await;
    let order = world.order().await;
    world.give_up(&order).await;
    world.status_is(&order, "cancelled").await;
    // As a `payments` of an older release charges: its own knows nothing of this payment.
    let payment =
        PaymentCreated { id: Id::generate(), order_id: order.clone(), stripe_id: "ch_1".to_owned() };
    let body = serde_json::to_vec(&payment).unwrap();
    testkit::publish(&world.jetstream, PaymentCreated::SUBJECT.as_str(), &body).await;
    let owed: OwedPayments = eventually("it is owed", SOON, async || {
        let owed: OwedPayments = world.get("/api/payments/owed").await.ok();
        if owed.total == 1 { Ok(owed) } else { Err(format!("{owed:?}")) }
    })
    .await;
    assert_eq!((&owed.owed[0].order_id, &owed.owed[0].payment.payment_id), (&order, &payment.id));
    let report = world.report(&order, "known", |_| true).await;
    assert!(report["summary"].as_str().unwrap().contains("is owed"), "{report:#}");

    let path = format!("/api/payments/{}/settle", payment.id);
    let answer: ActAnswer = world.act(&path, &json!({ "note": "refunded by hand, ch_1" })).await.ok();
    assert!(answer.id == payment.id && answer.message.contains(order.as_str()), "{answer:?}");
    let left: OwedPayments = world.get("/api/payments/owed").await.ok();
    assert_eq!(left, OwedPayments::default());
    world.act(&path, &json!({ "note": "again, otherwise" })).await.error(409);
    world.act("/api/payments/65f0c0ffee65f0c0ffee65f0/settle", &json!({ "note": "n" })).await.error(404);
    let entries = world.audit(&format!("payment {}", payment.id)).await;
    let done = entries.iter().find(|entry| entry.outcome == AuditOutcome::Done).unwrap();
    assert_eq!(done.after.as_ref().unwrap()["note"], "refunded by hand, ch_1");
}
