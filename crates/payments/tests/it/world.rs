//! A database and a provider of its own for a test, and what tests do with them.

use std::time::Duration;

use common::{
    clock,
    event::{Id, PaymentCreated, PaymentSettled, SettledOutcome, Timestamp},
    traceparent::Traceparent,
};
use http_common::BaseUrl;
use outbox::Wake;
use payments::{
    cashier::Cashier,
    config::StripeSettings,
    payment::{Payment, Status},
    settler::Settler,
    store::{Begun, CancelledOrder, CompletedOrder, CreatedOrder, Rejection, SCHEMA, Store, Wish},
    stripe::Stripe,
};
use postgres::Database;
use sqlx::{PgPool, postgres::PgPoolOptions};
use stripe_stand_in::{IntentStatus, LedgerEntry, StandIn};
use testkit::{Postgres, eventually, stored::OutboxRow};

pub(crate) const LIMIT: Duration = Duration::from_secs(60);
pub(crate) const STRIPE_KEY: &str = "sk_test_world";
pub(crate) const BUYER: &str = "buyer";
/// For calls that hang: everything here is on one machine.
const CALL_LIMIT: Duration = Duration::from_millis(700);

/// One test's payments.
pub(crate) struct World {
    pub(crate) store: Store,
    /// For what the store has no verb for.
    pub(crate) pool: PgPool,
    pub(crate) stripe: StandIn,
    pub(crate) cashier: Cashier,
    pub(crate) settler: Settler,
}

impl World {
    /// So many cards were refused for this order before.
    pub(crate) async fn refused_cards(&self, order: &Id, count: i64) {
        sqlx::query(
            "insert into payments (id, order_id, user_id, kind, amount, currency, status)
             select 'refused-' || $1 || '-' || n, $1, 'u-1', 'token', 2000, 'usd', 'declined' from generate_series(1, $2) n",
        )
        .bind(order.as_str())
        .bind(count)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    pub(crate) async fn new() -> Self {
        Self::on(Postgres::shared().await.unwrap()).await
    }

    /// On a server that the test may stop.
    pub(crate) async fn on(postgres: &Postgres) -> Self {
        let url = postgres.database().await.unwrap().url().to_owned();
        let database = Database::new(url.parse().unwrap(), "payments-test", 16);
        postgres::migrate(&database, &SCHEMA).await.unwrap();
        let pool = PgPoolOptions::new().max_connections(16).connect_lazy(&url).unwrap();
        let due = Wake::default();
        let store = Store::new(database, Wake::default(), due.clone());
        let stripe = StandIn::builder().secret_key(STRIPE_KEY).start().await.unwrap();
        let cashier = cashier(&store, &stripe, STRIPE_KEY);
        let settler = Settler::new(store.clone(), cashier.clone(), due);
        Self { store, pool, stripe, cashier, settler }
    }

    /// An order of the buyer's for this price, placed just now.
    pub(crate) async fn order_for(&self, price: &str) -> Id {
        let order = order(price, 15 * 60_000);
        self.store.add_orders(std::slice::from_ref(&order)).await.unwrap();
        order.id
    }

    pub(crate) async fn order(&self) -> Id {
        self.order_for("20").await
    }

    /// A payment that was begun here, and that the provider has not been asked for.
    pub(crate) async fn begun(&self, token: Option<&str>) -> Payment {
        let order = self.order().await;
        match self.store.begin(&wish(&order, token)).await.unwrap() {
            Begun::Live(payment) => payment,
            other => panic!("{other:?}"),
        }
    }

    /// A payment whose money is held.
    pub(crate) async fn authorised(&self) -> Payment {
        let payment = self.begun(Some("tok_visa")).await;
        self.cashier.begin(&payment).await.unwrap();
        self.find(&payment.id).await
    }

    /// A payment with an open page.
    pub(crate) async fn open_page(&self) -> Payment {
        let payment = self.begun(None).await;
        self.cashier.begin(&payment).await.unwrap();
        self.find(&payment.id).await
    }

    pub(crate) async fn complete(&self, payment: &Payment) {
        let (id, payment_id) = (payment.order_id.clone(), payment.id.clone());
        self.store.complete_orders(&[CompletedOrder { id, version: 1, payment_id }]).await.unwrap();
    }

    pub(crate) async fn reject(&self, payment: &Payment) {
        let reason = "The order was cancelled before it was paid".to_owned();
        self.store.reject(&[Rejection { payment: payment.id.clone(), reason }]).await.unwrap();
    }

    pub(crate) async fn cancel(&self, order: &Id) {
        self.store.cancel_orders(&[CancelledOrder { id: order.clone(), version: 1 }]).await.unwrap();
    }

    pub(crate) async fn find(&self, payment: &Id) -> Payment {
        self.store.find(payment).await.unwrap().expect("the payment is there")
    }

    /// Everything that waits for its time is due now.
    pub(crate) async fn hurry(&self) {
        sqlx::query("update payments set due_at = now() where due_at > now()")
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// Has the settler work until the payment has this status and nothing is left to be done with it.
    #[track_caller]
    pub(crate) fn settled(&self, payment: &Payment, status: Status) -> impl Future<Output = Payment> {
        eventually("the payment's end", LIMIT, async move || {
            self.settler.run_once().await.map_err(|error| error.to_string())?;
            let payment = self.find(&payment.id).await;
            if payment.status == status && payment.due_at.is_none() {
                return Ok(payment);
            }
            Err(format!("{payment:?}"))
        })
    }

    /// What the provider says of a payment's money.
    pub(crate) fn ledger(&self, payment: &Payment) -> Vec<LedgerEntry> {
        let is_of = |entry: &LedgerEntry| {
            entry.metadata.get("payment").map(String::as_str) == Some(payment.id.as_str())
        };
        self.charged().into_iter().filter(is_of).collect()
    }

    /// Every intent that was confirmed or called off: one that was made and lost on the way has nothing to do with money.
    pub(crate) fn charged(&self) -> Vec<LedgerEntry> {
        let mut ledger = self.stripe.ledger();
        ledger.retain(|entry| entry.status != IntentStatus::RequiresPaymentMethod);
        ledger
    }

    /// What waits in the outbox for this subject.
    pub(crate) async fn published(&self, subject: &str) -> Vec<OutboxRow> {
        testkit::stored::outbox(&self.pool, subject).await.unwrap()
    }

    /// Every `payment:created` in the outbox.
    pub(crate) async fn told(&self) -> Vec<PaymentCreated> {
        let told = self.published("payment:created").await;
        told.iter().map(|row| serde_json::from_str(&row.payload).unwrap()).collect()
    }

    /// What became of a payment, as often as it was told.
    pub(crate) async fn outcomes(&self, payment: &Payment) -> Vec<SettledOutcome> {
        let told = self.published("payment:settled").await;
        let told = told.iter().map(|row| serde_json::from_str(&row.payload).unwrap());
        told.filter(|event: &PaymentSettled| event.id == payment.id).map(|event| event.outcome).collect()
    }
}

/// Who asks this provider with this key.
pub(crate) fn cashier(store: &Store, stripe: &StandIn, key: &str) -> Cashier {
    let api_url = BaseUrl::parse(stripe.url()).unwrap();
    let client = Stripe::new(&StripeSettings { secret_key: key.into(), api_url }).unwrap();
    let public_url = BaseUrl::parse("https://shop.example").unwrap();
    Cashier::new(store.clone(), client.within(CALL_LIMIT), public_url)
}

pub(crate) fn id(text: &str) -> Id {
    text.parse().unwrap()
}

/// An order of the buyer's, with so much time to pay.
pub(crate) fn order(price: &str, left_ms: i64) -> CreatedOrder {
    CreatedOrder {
        id: Id::generate(),
        version: 0,
        user_id: id(BUYER),
        price: price.parse().unwrap(),
        expires_at: Timestamp::from_millis(clock::now_ms() + left_ms),
    }
}

/// A wish of the buyer's.
pub(crate) fn wish(order: &Id, token: Option<&str>) -> Wish {
    Wish {
        payment_id: Id::generate(),
        order_id: order.clone(),
        user_id: id(BUYER),
        token: token.map(Into::into),
        currency: "usd".parse().unwrap(),
        traceparent: Traceparent::generate(),
    }
}
