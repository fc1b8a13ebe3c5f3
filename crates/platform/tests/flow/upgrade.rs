//! A rollout and a rollback: two releases work side by side, on the same streams, tables and timers.

use std::{collections::BTreeMap, process::Command, time::Duration};

use common::{
    Service,
    event::{Id, OrderCancelled, Subject},
};
use platform::{CLUSTER, Fleet, Platform};
use reqwest::Method;
use sqlx::{Connection as _, PgConnection};
use stripe_stand_in::{Call, Fault};
use testkit::{ServiceProcess, eventually};

use crate::{
    people::{GOOD_CARD, Person, id, type_in},
    world::{SOON, World, money_is},
};

/// So short that the orders of each phase expire in the next ones, at the hands of other services.
const WINDOW: Duration = Duration::from_secs(4);
/// Orders that are placed at a time.
const ORDERS: usize = 8;

/// What was bought: each order with its ticket, and whether it was paid.
#[derive(Default)]
struct Books(BTreeMap<(Id, Id), bool>);

impl Books {
    /// Somebody signs up, sells and orders through these services, and pays every other order.
    async fn trade(&mut self, world: &World, fleet: &Fleet) {
        let person = Person::sign_up(fleet, Id::generate().as_ref()).await;
        for nth in 0..ORDERS {
            let ticket = person.sell(&format!("Concert, seat {nth}")).await;
            let order = id(&person.order_soon(&ticket).await);
            let paid = nth % 2 == 0;
            if paid {
                world.pay(&order).await;
            }
            self.0.insert((order, ticket), paid);
        }
    }

    /// How each order has to end.
    fn statuses(&self) -> BTreeMap<String, String> {
        let status = |paid: bool| String::from(if paid { "complete" } else { "cancelled" });
        self.0.iter().map(|((order, _), paid)| (order.to_string(), status(*paid))).collect()
    }

    /// Who has to hold each seat.
    fn holders(&self) -> BTreeMap<String, Option<String>> {
        let holder = |order: &Id, paid: bool| paid.then(|| order.to_string());
        self.0.iter().map(|((order, ticket), paid)| (ticket.to_string(), holder(order, *paid))).collect()
    }
}

/// Two columns of a service's table.
async fn table<T>(world: &World, name: Service, sql: &'static str) -> BTreeMap<String, T>
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let mut database = PgConnection::connect(world.platform.database_url(name).unwrap()).await.unwrap();
    let rows: Vec<(String, T)> = sqlx::query_as(sql).fetch_all(&mut database).await.unwrap();
    rows.into_iter().collect()
}

/// The entries of `expected` that are otherwise in `found`.
fn difference<T: PartialEq + std::fmt::Debug>(
    expected: &BTreeMap<String, T>,
    found: &BTreeMap<String, T>,
) -> Vec<String> {
    let differs = expected.iter().filter(|(key, value)| found.get(*key) != Some(value));
    differs.map(|(key, value)| format!("{key} is {:?} and should be {value:?}", found.get(key))).collect()
}

/// What has to be there before the first pod of this release is: its new subjects, in the streams of the one before.
pub(crate) async fn apply_topology(world: &World) {
    let url = world.platform.nats().url();
    let applied = tokio::task::spawn_blocking(move || {
        let mut topology = Command::new(ServiceProcess::build_and_locate("topology").unwrap());
        topology
            .arg("apply")
            .env_clear()
            .env("NATS_URL", url)
            .env("NATS_CLUSTER_ID", CLUSTER)
            .output()
            .unwrap()
    })
    .await
    .unwrap();
    assert!(applied.status.success(), "{applied:?}");
}

async fn settle(world: &World, books: &Books) {
    eventually("every order has come to its end, and every seat with it", SOON, async || {
        let orders = table(world, Service::Orders, "select id, status from orders").await;
        let seats = table(world, Service::Tickets, "select id, order_id from tickets").await;
        let mut open = difference(&books.statuses(), &orders);
        open.extend(difference(&books.holders(), &seats));
        if open.is_empty() { Ok(()) } else { Err(open.join("\n")) }
    })
    .await;
    eventually("everything has been told", SOON, async || {
        let mut waiting = BTreeMap::new();
        for name in [Service::Orders, Service::Tickets, Service::Payments] {
            waiting.extend(table::<String>(world, name, "select id::text, subject from outbox").await);
        }
        if waiting.is_empty() { Ok(()) } else { Err(format!("{waiting:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_release_before_works_beside_this_one_in_a_rollout_and_in_a_rollback_and_nothing_is_lost() {
    let before = tokio::task::spawn_blocking(platform::release_before).await.unwrap().unwrap();
    let world = World::without_services().await;
    let stores = world.platform.stores();
    let start_old = || Platform::builder().window(WINDOW).programs(before.clone()).start_on(&stores);
    let start_new = || Platform::builder().window(WINDOW).start_on(&stores);
    let mut books = Books::default();

    let old = start_old().await.unwrap();
    books.trade(&world, &old).await;
    apply_topology(&world).await;
    // A rollout: both are there, people reach one or the other, and each gets what the other has begun.
    let new = start_new().await.unwrap();
    books.trade(&world, &old).await;
    books.trade(&world, &new).await;
    old.drain(SOON).await.unwrap();
    books.trade(&world, &new).await;
    // A rollback: the release before starts on what this one has made of the streams and the databases.
    let old = start_old().await.unwrap();
    books.trade(&world, &new).await;
    books.trade(&world, &old).await;
    new.drain(SOON).await.unwrap();
    books.trade(&world, &old).await;

    settle(&world, &books).await;
    assert_eq!(world.dead_letters().await, [""; 0]);
    let early = "select id, expires_at::text from orders where cancelled_at < expires_at";
    assert_eq!(table::<String>(&world, Service::Orders, early).await, BTreeMap::new());
    let told = world.messages(Subject::OrderCancelled).await;
    let mut told: Vec<String> = told
        .iter()
        .map(|message| serde_json::from_slice::<OrderCancelled>(&message.payload).unwrap().id.to_string())
        .collect();
    told.sort();
    let unpaid = books.0.iter().filter(|(_, paid)| !**paid).map(|((order, _), _)| order.to_string());
    assert_eq!(told, unpaid.collect::<Vec<_>>(), "each unpaid order is cancelled once, and no other");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_the_release_before_has_placed_is_paid_through_the_payments_of_this_one() {
    let before = tokio::task::spawn_blocking(platform::release_before).await.unwrap().unwrap();
    let world = World::without_services().await;
    let stores = world.platform.stores();
    let old = Platform::builder().programs(before).start_on(&stores).await.unwrap();
    let person = Person::sign_up(&old, "ada").await;
    let ticket = person.sell("Concert, row 7").await;
    let order = id(&person.order_soon(&ticket).await);
    old.drain(SOON).await.unwrap();

    apply_topology(&world).await;
    let new = Platform::builder().start_on(&stores).await.unwrap();
    let person = person.at(&new);
    person.pay(&order, Some("tok_visa")).await;
    let shown = world.order_is(&person, &order, "the money is with the seller", money_is("captured")).await;
    assert_eq!(shown["status"], "complete", "{shown:#}");
    assert_eq!(new.stripe().captured_minus_refunded("usd"), 2_000);
    assert_eq!(world.dead_letters().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_beside_an_orders_of_the_release_before_is_settled_once_that_one_is_replaced() {
    let before = tokio::task::spawn_blocking(platform::release_before).await.unwrap().unwrap();
    let world = World::without_services().await;
    let stores = world.platform.stores();
    let old = Platform::builder().programs(before).start_on(&stores).await.unwrap();
    apply_topology(&world).await;
    let none = |builder: platform::PlatformBuilder, name| builder.replicas(name, 0);
    let alone = Service::OURS.into_iter().fold(Platform::builder(), none).replicas(Service::Payments, 1);
    let till = alone.start_on(&stores).await.unwrap();

    let person = Person::sign_up(&old, "ada").await;
    let order = async |title: &str| id(&person.order_soon(&person.sell(title).await).await);
    let (complete, given_up) = (order("Concert, row 7").await, order("Concert, row 8").await);
    // It is paid on a page whose end `payments` hears of late: by then the buyer has given up the order.
    let page = person.at(&till).pay(&given_up, None).await["url"].as_str().unwrap().to_owned();
    till.stripe().fault(Call::ExpireSession, Fault::Unavailable, 1_000);
    let deleted = person.request(Method::DELETE, &format!("/api/orders/{given_up}")).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    assert_eq!(type_in(&page, GOOD_CARD).await.unwrap().0, 200);
    person.at(&till).pay(&complete, Some("tok_visa")).await;
    // The release before completes an order without a word, and calls for a person about a payment that it can't take.
    let is_complete = |order: &serde_json::Value| order["status"] == "complete";
    world.order_is(&person, &complete, "the order is complete", is_complete).await;
    eventually("the other payment is a dead letter", SOON, async || {
        let letters = world.dead_letters().await;
        if letters.len() == 1 { Ok(()) } else { Err(format!("{letters:?}")) }
    })
    .await;
    assert_eq!(till.stripe().open_authorisations().len(), 2);
    till.stripe().clear_faults();
    old.drain(SOON).await.unwrap();
    till.drain(SOON).await.unwrap();

    let new = Platform::builder().start_on(&stores).await.unwrap();
    let person = person.at(&new);
    let url = world.platform.database_url(Service::Payments).unwrap();
    let mut payments = PgConnection::connect(url).await.unwrap();
    sqlx::query("update payments set updated_at = now() - interval '3 minutes', due_at = now()")
        .execute(&mut payments)
        .await
        .unwrap();
    world.order_is(&person, &complete, "the money is with the seller", money_is("captured")).await;
    world.order_is(&person, &given_up, "the money is back", money_is("released")).await;
    assert_eq!(new.stripe().captured_minus_refunded("usd"), 2_000);
    assert_eq!(new.stripe().open_authorisations(), []);
    assert_eq!(world.dead_letters().await.len(), 1);
}
