//! Paying and expiring at the same moment, while processes are killed and webhooks go astray: whoever wins, the money follows.

use std::{collections::BTreeMap, time::Duration};

use common::{
    Service, clock,
    event::{Id, Timestamp},
};
use futures_util::future::join_all;
use messaging::topology::ACK_WAIT;
use platform::Platform;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use stripe_stand_in::{Call, Fault, IntentStatus, RandomFaults, WebhookMode};
use testkit::{Dice, eventually, paths};

use crate::{
    people::{GOOD_CARD, Person, id, type_in},
    world::{SOON, World, money_is},
};

/// Orders of a run unless [`VARIABLE`] says more.
const ORDERS: usize = 120;
const VARIABLE: &str = "MONEY_RACE_ORDERS";
/// Each is paid at a random moment within so much of its expiry.
const AROUND_MS: u64 = 50;
const WINDOW: Duration = Duration::from_secs(8);
/// Orders that are paid while the broker is away.
const PAID: usize = 300;
const PRICE_CENTS: i64 = 2_000;
/// A loser's money is back so long after it was rejected; what a process that was killed had in hand comes again after the ack wait.
const RELEASED: f64 = 5.0;
/// Orders that are given up and paid all the same, once all are up.
const GIVEN_UP: usize = 10;

/// One order and how it is paid.
struct Bet {
    order: Id,
    expires_at: Timestamp,
    /// Relative to the expiry.
    at_ms: i64,
    /// The page, for those who do not send a token.
    page: Option<String>,
}

async fn bets(person: &Person, orders: usize, dice: &mut Dice) -> Vec<Bet> {
    let tickets = join_all((0..orders).map(|nth| {
        let title = format!("Seat {nth}");
        async move { person.sell(&title).await }
    }))
    .await;
    let placed = join_all(tickets.iter().map(|ticket| person.order_soon(ticket))).await;
    let mut bets = Vec::new();
    for body in placed {
        let order = id(&body);
        let page = if dice.below(4) == 0 {
            person.pay(&order, None).await["url"].as_str().map(str::to_owned)
        } else {
            None
        };
        let expires_at = body["expiresAt"].as_str().unwrap().parse().unwrap();
        let at_ms = dice.below(2 * AROUND_MS) as i64 - AROUND_MS as i64;
        bets.push(Bet { order, expires_at, at_ms, page });
    }
    bets
}

/// Whatever the answer is, and whether there is one: that is the point. The moment is the race itself: nothing is waited for.
async fn pay(person: &Person, bet: &Bet) {
    let left_ms = bet.expires_at.as_millis() + bet.at_ms - clock::now_ms();
    tokio::time::sleep(Duration::from_millis(u64::try_from(left_ms).unwrap_or_default())).await;
    match &bet.page {
        Some(url) => drop(type_in(url, GOOD_CARD).await),
        None => {
            let body = json!({ "orderId": bet.order, "token": "tok_visa" });
            drop(person.request(Method::POST, "/api/payments").json(&body).send().await);
        }
    }
}

/// Kills one process after another and starts it again, and lets webhooks and calls go wrong, until `end_ms`.
async fn chaos(platform: &Platform, dice: &mut Dice, end_ms: i64) {
    let calls = Call::ALL.to_vec();
    let faults = vec![
        Fault::CutBefore,
        Fault::CutAfter,
        Fault::Unavailable,
        Fault::RateLimited,
        Fault::KeyInUse,
        Fault::Slow(Duration::from_millis(20)),
    ];
    platform.stripe().random_faults(RandomFaults {
        seed: dice.below(u64::MAX),
        probability: 0.1,
        calls,
        faults,
    });
    while clock::now_ms() < end_ms {
        let mode = match dice.below(5) {
            0 => WebhookMode::Deliver,
            1 => WebhookMode::Double,
            2 => WebhookMode::Reverse(4),
            3 => WebhookMode::Drop(0.5),
            _ => WebhookMode::Lossy { drop: 0.3, double: 0.3, delay: Duration::from_millis(300) },
        };
        platform.stripe().set_webhook_mode(mode);
        let service = if dice.below(2) == 0 { Service::Orders } else { Service::Payments };
        let victim = &platform.services(service)[dice.below(2) as usize];
        victim.kill().await.unwrap();
        // How long it is away is the disorder itself: nothing is waited for.
        tokio::time::sleep(Duration::from_millis(dice.below(150))).await;
        victim.restart().await.unwrap();
    }
}

pub(crate) async fn connect(world: &World, service: Service) -> PgConnection {
    PgConnection::connect(world.platform.database_url(service).unwrap()).await.unwrap()
}

impl World {
    /// Waits until `payments` knows so many orders.
    async fn known_to_payments(&self, orders: usize) {
        let mut payments = connect(self, Service::Payments).await;
        eventually("payments knows the orders", SOON, async || {
            let known: i64 =
                sqlx::query_scalar("select count(*) from orders").fetch_one(&mut payments).await.unwrap();
            if known == orders as i64 { Ok(()) } else { Err(format!("{known} of {orders}")) }
        })
        .await;
    }
}

async fn left(database: &mut PgConnection, what: &'static str, sql: &'static str) -> Option<String> {
    let count: i64 = sqlx::query_scalar(sql).fetch_one(database).await.unwrap();
    (count > 0).then(|| format!("{count} {what}"))
}

pub(crate) async fn is_settled(world: &World, limit: Duration) {
    let mut orders = connect(world, Service::Orders).await;
    let mut payments = connect(world, Service::Payments).await;
    eventually("everything is settled and told", limit, async || {
        let unpaid = "select count(*) from orders where status in ('created', 'awaiting:payment')";
        let rejected = "select count(*) from rejected_payments where settled_at is null";
        let accepted = "select count(*) from orders where status = 'complete' and payment_outcome is null";
        let open = "select count(*) from payments where status in ('pending', 'open', 'authorised')";
        let outbox = "select count(*) from outbox";
        let found = [
            left(&mut orders, "unpaid orders", unpaid).await,
            left(&mut orders, "rejected payments", rejected).await,
            left(&mut orders, "complete orders without their money", accepted).await,
            left(&mut orders, "events in the outbox of orders", outbox).await,
            left(&mut payments, "open payments", open).await,
            left(&mut payments, "events in the outbox of payments", outbox).await,
        ];
        let found: Vec<String> = found.into_iter().flatten().collect();
        if found.is_empty() { Ok(()) } else { Err(found.join(", ")) }
    })
    .await;
}

/// I11, order by order: what Stripe has taken is what the order says.
pub(crate) async fn check_money(world: &World) {
    let mut orders = connect(world, Service::Orders).await;
    let rows: Vec<(String, String, Option<String>)> =
        sqlx::query_as("select id, status, payment_outcome from orders")
            .fetch_all(&mut orders)
            .await
            .unwrap();
    let mut taken: BTreeMap<String, i64> = BTreeMap::new();
    for entry in world.platform.stripe().ledger() {
        assert_ne!(entry.status, IntentStatus::RequiresCapture, "money is still held: {entry:?}");
        *taken.entry(entry.metadata["order"].clone()).or_default() += entry.net();
    }
    let mut complete = 0;
    for (order, status, outcome) in rows {
        let expected = if status == "complete" { PRICE_CENTS } else { 0 };
        assert_eq!(taken.get(&order).copied().unwrap_or_default(), expected, "order {order} is {status}");
        if status == "complete" {
            complete += 1;
            assert_eq!(outcome.as_deref(), Some("captured"), "order {order}");
        }
    }
    assert_eq!(world.platform.stripe().captured_minus_refunded("usd"), complete * PRICE_CENTS);
    assert_eq!(world.dead_letters().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_pays_while_the_order_expires_has_the_seat_or_the_money_whatever_is_killed_meanwhile() {
    let seed = clock::now_ms().unsigned_abs();
    // The first thing that a failure needs.
    paths::say(&format!("seed {seed}"));
    let orders = paths::variable(VARIABLE).map_or(ORDERS, |text| text.to_str().unwrap().parse().unwrap());
    let mut dice = Dice::new(seed);
    let world = World::without_limits(WINDOW).await;
    let person = Person::sign_up(&world.platform, "ada").await;
    let mut due: Vec<Bet> = Vec::new();
    while due.len() < orders {
        // In waves, each of which is placed well before it expires.
        let wave = bets(&person, ORDERS.min(orders - due.len()), &mut dice).await;
        let end_ms = wave.iter().map(|bet| bet.expires_at.as_millis()).max().unwrap() + 200;
        let paying = join_all(wave.iter().map(|bet| pay(&person, bet)));
        tokio::join!(paying, chaos(&world.platform, &mut dice, end_ms));
        due.extend(wave);
    }
    world.platform.stripe().clear_faults();
    world.platform.stripe().set_webhook_mode(WebhookMode::Deliver);
    world.platform.stripe().release_webhooks();
    for service in [Service::Orders, Service::Payments] {
        for process in world.platform.services(service) {
            process.ready(SOON).await.unwrap();
        }
    }
    let mut database = connect(&world, Service::Orders).await;
    let all_up: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("select now()").fetch_one(&mut database).await.unwrap();
    pay_for_what_was_given_up(&world, &person).await;
    // A lost webhook is looked for after two minutes.
    is_settled(&world, 4 * SOON).await;
    check_money(&world).await;
    let losers: Vec<(String, bool, f64)> = sqlx::query_as(
        "select payment_id, rejected_at > $1, extract(epoch from settled_at - greatest(rejected_at, $1))::float8
         from rejected_payments",
    )
    .bind(all_up)
    .fetch_all(&mut database)
    .await
    .unwrap();
    assert!(losers.iter().filter(|(_, since, _)| *since).count() >= GIVEN_UP, "{losers:?}");
    for (payment, since, took_s) in losers {
        let limit = if since { RELEASED } else { RELEASED + ACK_WAIT.as_secs_f64() };
        assert!(
            took_s <= limit,
            "payment {payment} was released {took_s} s after its rejection, and not within {limit}"
        );
    }
}

/// Once all are up: pages that can't be closed in time are paid on when their orders are given up.
async fn pay_for_what_was_given_up(world: &World, person: &Person) {
    let stripe = world.platform.stripe();
    stripe.fault(Call::ExpireSession, Fault::Unavailable, 1_000);
    for nth in 0..GIVEN_UP {
        let ticket = person.sell(&format!("Seat {nth}")).await;
        let order = id(&person.order_soon(&ticket).await);
        let page = person.pay(&order, None).await["url"].as_str().unwrap().to_owned();
        let given_up = person.request(Method::DELETE, &format!("/api/orders/{order}")).send().await.unwrap();
        assert_eq!(given_up.status(), 204);
        assert_eq!(type_in(&page, GOOD_CARD).await.unwrap().0, 200);
    }
    stripe.clear_faults();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_buyers_of_one_seat_who_both_pay_one_has_the_seat_and_the_other_his_money() {
    let world = World::start(Duration::from_secs(4)).await;
    let ada = Person::sign_up(&world.platform, "ada").await;
    let ben = Person::sign_up(&world.platform, "ben").await;
    let ticket = ada.sell("Concert, row 7").await;
    let first = id(&ada.order_soon(&ticket).await);
    let page = ada.pay(&first, None).await["url"].as_str().unwrap().to_owned();
    // His page can't be closed in time, and he pays on it when the seat is another's.
    world.platform.stripe().fault(Call::ExpireSession, Fault::Unavailable, 1_000);
    let second = id(&ben.order_soon(&ticket).await);
    ben.pay(&second, Some("tok_visa")).await;
    let (paid, text) = type_in(&page, GOOD_CARD).await.unwrap();
    assert_eq!(paid, 200, "{text}");
    world.platform.stripe().clear_faults();
    world.order_is(&ben, &second, "the second has the seat", money_is("captured")).await;
    world.order_is(&ada, &first, "the first has his money", money_is("released")).await;
    is_settled(&world, SOON).await;
    check_money(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_the_seller_changes_meanwhile_is_not_what_the_buyer_pays() {
    let world = World::start(Duration::from_secs(60)).await;
    let seller = Person::sign_up(&world.platform, "seller").await;
    let ben = Person::sign_up(&world.platform, "ben").await;
    for nth in 1..=5 {
        let ticket = seller.sell("Concert, row 7").await;
        let path = format!("/api/tickets/{ticket}");
        let dearer = json!({ "title": "Concert, row 7", "price": 200 });
        let edit = seller.request(Method::PUT, &path).json(&dearer).send();
        let (order, edited) = tokio::join!(ben.order_soon(&ticket), edit);
        drop(edited);
        let cents = order["ticket"]["price"].as_i64().unwrap() * 100;
        let before = world.platform.stripe().captured_minus_refunded("usd");
        ben.pay(&id(&order), Some("tok_visa")).await;
        let shown =
            world.order_is(&ben, &id(&order), "the money is with the seller", money_is("captured")).await;
        assert_eq!(shown["ticket"]["price"], order["ticket"]["price"], "order {nth}");
        assert_eq!(world.platform.stripe().captured_minus_refunded("usd") - before, cents, "order {nth}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_authorised_while_nats_is_away_is_told_when_it_is_back_and_the_order_is_complete() {
    let world = World::without_limits(Duration::from_secs(20)).await;
    let ada = Person::sign_up(&world.platform, "ada").await;
    let tickets = join_all((0..PAID).map(|nth| {
        let title = format!("Seat {nth}");
        let ada = &ada;
        async move { ada.sell(&title).await }
    }))
    .await;
    let orders = join_all(tickets.iter().map(|ticket| ada.order_soon(ticket))).await;
    world.known_to_payments(orders.len()).await;
    world.platform.nats().kill().await.unwrap();
    join_all(orders.iter().map(|order| async { ada.pay(&id(order), Some("tok_visa")).await })).await;
    let expiry_ms =
        |order: &Value| order["expiresAt"].as_str().unwrap().parse::<Timestamp>().unwrap().as_millis();
    let last_ms = orders.iter().map(expiry_ms).max().unwrap();
    eventually("the time to pay is over", SOON, async || match last_ms - clock::now_ms() {
        ..=0 => Ok(()),
        left_ms => Err(format!("{left_ms} ms left")),
    })
    .await;
    world.platform.nats().restart().await.unwrap();
    is_settled(&world, 2 * SOON).await;
    check_money(&world).await;
    let mut database = connect(&world, Service::Orders).await;
    let complete: i64 = sqlx::query_scalar("select count(*) from orders where status = 'complete'")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(complete, PAID as i64);
}
