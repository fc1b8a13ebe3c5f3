//! Somebody who has signed up, and what he does on the site.

use anyhow::{Result, ensure};
use common::event::{Id, Timestamp};
use serde_json::{Value, json};

use super::{Answer, Browser};

/// Nobody's secret.
const PASSWORD: &str = "demo-password";

/// Somebody who has signed up and is signed in.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
    browser: Browser,
    /// The whole `Cookie` header.
    cookie: String,
}

/// Everybody, see [`Person`].
#[derive(Debug)]
pub(crate) struct SignedUp {
    pub(crate) seller: Person,
    /// One for each of [`crate::plan::BUYERS`].
    pub(crate) buyers: Vec<std::sync::Arc<Person>>,
}

/// A ticket as `GET /api/tickets/{id}` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) version: u64,
    /// Who holds it.
    pub(crate) order: Option<String>,
}

impl Person {
    /// `POST /api/users/signup`
    pub(crate) async fn sign_up(browser: &Browser, name: &'static str) -> Result<Self> {
        let path = "/api/users/signup";
        let answer = browser.send("POST", path, None, Some(&credentials(name))).await?;
        let cookie = answer.expect(201, &format!("POST {path}"), |_| answer.cookie.clone())?;
        Ok(Self { name, browser: browser.clone(), cookie })
    }

    /// `POST /api/users/signin`, on another device.
    pub(crate) async fn sign_in(&self) -> Result<Answer> {
        self.browser.send("POST", "/api/users/signin", None, Some(&credentials(self.name))).await
    }

    /// `POST /api/tickets`; the answer is the new ticket.
    pub(crate) async fn sell(&self, title: &str, price: &str) -> Result<Id> {
        // As it stands there, and never through a float.
        let price: serde_json::Number = price.parse()?;
        let ticket = json!({ "title": title, "price": price });
        let answer = self.ask("POST", "/api/tickets", Some(&ticket)).await?;
        answer.expect(201, "POST /api/tickets", |body| body["id"].as_str()?.parse().ok())
    }

    /// `GET /api/tickets/{id}`
    pub(crate) async fn look_at(&self, ticket: &Id) -> Result<Answer> {
        self.ask("GET", &format!("/api/tickets/{ticket}"), None).await
    }

    /// `GET /`, the first page of the shop.
    pub(crate) async fn shop_window(&self) -> Result<Answer> {
        self.ask("GET", "/", None).await
    }

    /// `POST /api/orders`
    pub(crate) async fn order(&self, ticket: &Id) -> Result<Answer> {
        self.ask("POST", "/api/orders", Some(&json!({ "ticketId": ticket }))).await
    }

    /// `GET /api/orders`
    pub(crate) async fn orders(&self) -> Result<Answer> {
        self.ask("GET", "/api/orders", None).await
    }

    /// `DELETE /api/orders/{id}`
    pub(crate) async fn cancel(&self, order: &Id) -> Result<Answer> {
        self.ask("DELETE", &format!("/api/orders/{order}"), None).await
    }

    /// `POST /api/payments`, with a card's token, or for the page on which one pays.
    pub(crate) async fn pay(&self, order: &Id, token: Option<&str>) -> Result<Answer> {
        let mut payment = json!({ "orderId": order });
        if let Some(token) = token {
            payment["token"] = token.into();
        }
        self.ask("POST", "/api/payments", Some(&payment)).await
    }

    /// `GET /api/payments?orderId=`
    pub(crate) async fn payments_of(&self, order: &Id) -> Result<Answer> {
        self.ask("GET", &format!("/api/payments?orderId={order}"), None).await
    }

    /// The `Cookie` header, to go on by hand.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    async fn ask(&self, method: &str, path: &str, json: Option<&Value>) -> Result<Answer> {
        self.browser.send(method, path, Some(&self.cookie), json).await
    }
}

fn credentials(name: &str) -> Value {
    json!({ "email": format!("{}@example.com", name.to_lowercase()), "password": PASSWORD })
}

impl Answer {
    /// The order's id and when it expires, in the answer to a `POST`: 201, or 200 if an earlier one had placed it.
    pub(crate) fn order(&self) -> Result<(Id, Timestamp)> {
        let status = if self.status == 200 { 200 } else { 201 };
        self.expect(status, "POST /api/orders", id_and_expiry)
    }

    /// The orders of this ticket in a list of them.
    pub(crate) fn orders_of(&self, ticket: &Id) -> Result<Vec<(Id, Timestamp)>> {
        let orders = self.expect(200, "GET /api/orders", |body| body.as_array().cloned())?;
        let of_it = orders.iter().filter(|order| order["ticket"]["id"] == ticket.as_str());
        let read: Vec<_> = of_it.clone().filter_map(id_and_expiry).collect();
        ensure!(read.len() == of_it.count(), "GET /api/orders: not a list of orders: {}", self.body);
        Ok(read)
    }

    /// The page on which one pays, in the answer to a `POST` without a card.
    pub(crate) fn page(&self) -> Result<String> {
        self.expect(201, "POST /api/payments", |body| body["url"].as_str().map(str::to_owned))
    }

    /// The ticket in the answer to a `GET`.
    pub(crate) fn seat(&self) -> Result<Seat> {
        self.expect(200, "GET /api/tickets/{id}", |ticket| {
            let order = ticket["orderId"].as_str().map(str::to_owned);
            Some(Seat { version: ticket["version"].as_u64()?, order })
        })
    }
}

fn id_and_expiry(order: &Value) -> Option<(Id, Timestamp)> {
    Some((order["id"].as_str()?.parse().ok()?, order["expiresAt"].as_str()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, cookie: None, body: body.to_owned() }
    }

    #[test]
    fn an_order_is_read_from_an_answer_of_201_or_200_and_from_no_other() {
        let order = r#"{"id":"o-1","expiresAt":"2026-01-31T12:00:00.000Z"}"#;
        for status in [200, 201] {
            assert_eq!(answer(status, order).order().unwrap().0.as_str(), "o-1");
        }
        for refused in [answer(400, order), answer(201, "{}"), answer(503, "gone")] {
            let error = format!("{:#}", refused.order().unwrap_err());
            assert!(error.contains("expected 201"), "{error}");
        }
    }

    #[test]
    fn the_orders_of_one_ticket_are_found_in_a_list() {
        let of = |id: &str, ticket: &str| json!({ "id": id, "expiresAt": "2026-01-31T12:00:00.000Z", "ticket": { "id": ticket } });
        let list = answer(200, &json!([of("o-1", "t-1"), of("o-2", "t-2")]).to_string());
        let found = list.orders_of(&"t-2".parse().unwrap()).unwrap();
        assert_eq!(found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["o-2"]);
        assert!(answer(200, r#"[{"ticket":{"id":"t-1"}}]"#).orders_of(&"t-1".parse().unwrap()).is_err());
    }

    #[test]
    fn a_seat_is_free_without_an_order() {
        assert_eq!(answer(200, r#"{"version":2}"#).seat().unwrap(), Seat { version: 2, order: None });
        let held = answer(200, r#"{"version":3,"orderId":"o-1"}"#).seat().unwrap();
        assert_eq!(held, Seat { version: 3, order: Some("o-1".to_owned()) });
    }
}
