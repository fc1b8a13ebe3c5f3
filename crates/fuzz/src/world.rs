//! People and what belongs to them, made over HTTP, so that a request can be about something that is there.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_nats::jetstream;
use common::{
    Service,
    event::{Event as _, Id, PaymentCreated},
};
use serde_json::{Value, json};

use super::{
    LIMIT,
    raw::{self, Answer},
    session::User,
};
use platform::Platform;
use testkit::poll;

/// Of every account here.
pub(super) const PASSWORD: &str = "fuzz-password";
/// A copy of a ticket is there sooner, also on a busy machine.
const COPIED: Duration = Duration::from_secs(30);

/// Of each of so many buyers are so many orders for operators, all of which are unpaid.
const BUYERS: usize = 6;
const ORDERS_OF_A_BUYER: usize = 20;
/// Payments that could not be taken.
const OWED: usize = 12;

/// Where the services listen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) auth: u16,
    pub(super) tickets: u16,
    pub(super) orders: u16,
    pub(super) payments: u16,
    pub(super) expiration: u16,
    pub(super) console: u16,
}

/// Everything that is there before the first strange request.
#[derive(Debug)]
pub(super) struct World {
    pub(super) ports: Ports,
    /// The user who sends the requests.
    pub(super) me: User,
    /// Accounts that may be locked: they all have the same [`PASSWORD`].
    pub(super) accounts: Vec<String>,
    /// Mine, for sale.
    pub(super) my_tickets: Vec<Id>,
    pub(super) my_orders: Vec<Id>,
    /// Somebody else's, all but those of `my_orders`.
    pub(super) their_tickets: Vec<Id>,
    /// Somebody else's order of a ticket of mine.
    pub(super) their_order: Id,
    /// Who pays. Nobody else can cancel what is paid here.
    pub(super) payer: User,
    /// The payer's, unpaid.
    pub(super) payable: Vec<Id>,
    /// Unpaid orders that operators may cancel: more than they are asked to.
    pub(super) for_operators: Vec<Id>,
    /// Payments that could not be taken, and are not settled.
    pub(super) owed: Vec<Id>,
}

impl World {
    pub(super) async fn create(platform: &Platform) -> Result<Self> {
        let port = |name| platform.services(name).first().map(testkit::ServiceProcess::port);
        let port = |name: Service| port(name).with_context(|| format!("no process of {name}"));
        let ports = Ports {
            auth: port(Service::Auth)?,
            tickets: port(Service::Tickets)?,
            orders: port(Service::Orders)?,
            payments: port(Service::Payments)?,
            expiration: port(Service::Expiration)?,
            console: port(Service::Console)?,
        };
        let me = ports.sign_up("me@example.com").await?;
        let they = ports.sign_up("they@example.com").await?;
        let mut accounts = Vec::new();
        for number in 0..5 {
            accounts.push(format!("account-{number}@example.com"));
            ports.sign_up(&accounts[number]).await?;
        }
        let mut my_tickets = ports.sell(&me, 6).await?;
        let mut their_tickets = ports.sell(&they, 12).await?;
        let their_order = ports.order(&they, &my_tickets.pop().context("a ticket")?).await?;
        let mut my_orders = Vec::new();
        for ticket in their_tickets.split_off(6) {
            my_orders.push(ports.order(&me, &ticket).await?);
        }
        let payer = ports.sign_up("payer@example.com").await?;
        let mut payable = Vec::new();
        for ticket in ports.sell(&they, 6).await? {
            payable.push(ports.order(&payer, &ticket).await?);
        }
        let mut for_operators = Vec::new();
        for number in 0..BUYERS {
            let buyer = ports.sign_up(&format!("buyer-{number}@example.com")).await?;
            for ticket in ports.sell(&they, ORDERS_OF_A_BUYER).await? {
                for_operators.push(ports.order(&buyer, &ticket).await?);
            }
        }
        let owed = owe(&broker(platform).await?, OWED).await?;
        Ok(Self {
            ports,
            me,
            accounts,
            my_tickets,
            my_orders,
            their_tickets,
            their_order,
            payer,
            payable,
            for_operators,
            owed,
        })
    }
}

impl Ports {
    async fn sign_up(self, email: &str) -> Result<User> {
        let account = json!({ "email": email, "password": PASSWORD });
        let answer = ask(self.auth, None, "/api/users/signup", &account).await?;
        let cookie = answer.head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next())?
        });
        let cookie = cookie.context("signing up opens a session")?.to_owned();
        Ok(User { id: created(&answer)?, cookie })
    }

    pub(super) async fn sell(self, seller: &User, count: usize) -> Result<Vec<Id>> {
        let mut tickets = Vec::new();
        for number in 0..count {
            let ticket = json!({ "title": format!("Seat {number}"), "price": 19.99 });
            tickets.push(created(&ask(self.tickets, Some(seller), "/api/tickets", &ticket).await?)?);
        }
        Ok(tickets)
    }

    /// Also waits until `orders` knows the ticket.
    pub(super) async fn order(self, buyer: &User, ticket: &Id) -> Result<Id> {
        let wish = json!({ "ticketId": ticket });
        let answer = poll(COPIED, async || match ask(self.orders, Some(buyer), "/api/orders", &wish).await {
            Ok(answer) if answer.status != 404 => Ok(answer),
            Ok(_) => Err("orders does not know the ticket".to_owned()),
            Err(error) => Err(format!("{error:#}")),
        });
        created(&answer.await.map_err(anyhow::Error::msg)?)
    }
}

/// The broker, as a service that is not there.
pub(super) async fn broker(platform: &Platform) -> Result<jetstream::Context> {
    let nats = async_nats::connect(platform.nats().url()).await.context("connect to NATS")?;
    Ok(jetstream::new(nats))
}

/// Tells of payments for orders that there are not, which can't be taken.
pub(super) async fn owe(broker: &jetstream::Context, count: usize) -> Result<Vec<Id>> {
    let mut owed = Vec::new();
    for _ in 0..count {
        let payment = unknown_payment();
        let body = serde_json::to_vec(&payment)?;
        testkit::publish(broker, PaymentCreated::SUBJECT.as_str(), &body).await;
        owed.push(payment.id);
    }
    Ok(owed)
}

/// A payment for an order that there is not.
pub(super) fn unknown_payment() -> PaymentCreated {
    PaymentCreated { id: Id::generate(), order_id: Id::generate(), stripe_id: "pi_1".to_owned() }
}

async fn ask(port: u16, user: Option<&User>, path: &str, body: &Value) -> Result<Answer> {
    let mut headers: Vec<(&str, &[u8])> = vec![("Content-Type", b"application/json")];
    headers.extend(user.map(|user| ("Cookie", user.cookie.as_bytes())));
    let request = raw::request("POST", path, &headers, body.to_string().as_bytes());
    raw::send(port, &request, LIMIT).await?.with_context(|| format!("POST {path}: no answer"))
}

/// The id of what a `POST` has made.
fn created(answer: &Answer) -> Result<Id> {
    let body = String::from_utf8_lossy(&answer.body);
    ensure!(answer.status == 201, "expected 201, not {}: {body}", answer.status);
    let body: Value = serde_json::from_str(&body)?;
    body["id"].as_str().and_then(|id| id.parse().ok()).with_context(|| format!("no id in {body}"))
}
