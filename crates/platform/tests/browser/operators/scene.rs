//! One of each thing that operators look at, with texts that would like to be markup.

use std::time::Duration;

use async_nats::jetstream;
use common::event::{Id, PaymentCreated, Subject};
use platform::OPERATOR_TOKEN;
use serde_json::json;
use testkit::eventually;

use super::desk::Desk;
use crate::{
    customer::GIVE_UP,
    world::{LONG, World},
};

/// Opens a dialog wherever it is taken for markup, which the browser complains about.
pub(crate) const MARKUP: &str =
    "</pre></textarea></title><script>alert(1)</script><img src=x onerror=alert(1)>";
/// Events get there within this time.
const SOON: Duration = Duration::from_secs(60);

/// The platform with an order to pay, one that was given up, money that is owed for it, and messages that nobody can read.
pub(crate) struct Scene {
    pub(crate) world: World,
    /// To pay.
    pub(crate) order: String,
    /// Given up.
    pub(crate) cancelled: String,
    /// Whose money is owed.
    pub(crate) payment: String,
    jetstream: jetstream::Context,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let world = World::start(LONG).await;
        let (seller, buyer) = (world.signed_in("seller").await, world.signed_in("buyer").await);
        let (first, second) = (seller.sell(MARKUP, "20").await, seller.sell("A seat", "20").await);
        let cancelled = buyer.buy(&second).await;
        buyer.go(GIVE_UP).await.unwrap();
        buyer.order_becomes("cancelled").await;
        let order = buyer.buy(&first).await;
        let nats = async_nats::connect(world.platform.nats().url()).await.unwrap();
        let jetstream = jetstream::new(nats);
        let scene = Self { world, order, cancelled, payment: Id::generate().to_string(), jetstream };
        scene.pay_too_late().await;
        scene.write_nonsense().await;
        scene
    }

    /// An operator who has signed in.
    pub(crate) async fn operator(&self) -> Desk {
        Desk::signed_in(&self.world, OPERATOR_TOKEN, true).await
    }

    /// A payment that `payments` knows nothing of, for an order that is cancelled: nobody settles it.
    async fn pay_too_late(&self) {
        let payment = PaymentCreated {
            id: self.payment.parse().unwrap(),
            order_id: self.cancelled.parse().unwrap(),
            stripe_id: String::from("pi_<b>"),
        };
        let body = serde_json::to_vec(&payment).unwrap();
        testkit::publish(&self.jetstream, Subject::PaymentCreated.as_str(), &body).await;
    }

    /// An event that `orders` can't read.
    async fn write_nonsense(&self) {
        let body = json!({ "id": 5, "orderId": self.order, "stripeId": MARKUP }).to_string();
        testkit::publish(&self.jetstream, Subject::PaymentCreated.as_str(), body.as_bytes()).await;
    }

    /// The path of the dead letter that came of it, once the console has it.
    pub(crate) async fn letter(&self, desk: &Desk) -> String {
        let link = "document.querySelector('main tbody th a')?.getAttribute('href') ?? ''";
        eventually("the dead letter is listed", SOON, async || {
            desk.visit("/dead-letters/list").await;
            let path = desk.read(link).await.unwrap();
            let path = path.as_str().unwrap_or_default().to_owned();
            if path.is_empty() { Err(desk.text("main").await.unwrap()) } else { Ok(path) }
        })
        .await
    }

    /// Waits until the money that is owed is listed.
    pub(crate) async fn owed(&self, desk: &Desk) {
        eventually("the money is owed", SOON, async || {
            desk.visit("/payments").await;
            let text = desk.text("main").await.unwrap();
            if text.contains(&self.payment) { Ok(()) } else { Err(text) }
        })
        .await;
    }

    /// Waits until the order has a timer, and is at its page.
    pub(crate) async fn scheduled(&self, desk: &Desk) {
        eventually("the timer is set", SOON, async || {
            desk.visit(&format!("/orders/{}", self.order)).await;
            let text = desk.text("main").await.unwrap();
            if text.contains("pending") { Ok(()) } else { Err(text) }
        })
        .await;
    }
}
