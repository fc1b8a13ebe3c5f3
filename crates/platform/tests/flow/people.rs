//! People at their browsers: they sign up, sell tickets and order them.

use std::time::Duration;

use common::event::Id;
use platform::{Fleet, JWT_KEY};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use web::{Sessions, User};

/// Longer than a busy machine needs for one request.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const PASSWORD: &str = "correct horse";
/// A card that every bank takes, as one types it on a page.
pub(crate) const GOOD_CARD: &str = "4242424242424242";

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    client: Client,
    url: String,
    cookie: String,
}

pub(crate) fn client() -> Client {
    Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

impl Person {
    /// Signs up at `auth`, as a stranger would.
    pub(crate) async fn sign_up(fleet: &Fleet, name: &str) -> Self {
        let (client, url) = (client(), fleet.url());
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
        let answer = client.post(format!("{url}/api/users/signup")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { client, url, cookie }
    }

    /// Has been signed in for long: the session is signed here, without a password being hashed.
    pub(crate) fn signed_in(fleet: &Fleet, client: &Client, id: &Id) -> Self {
        let user = User { id: id.clone(), email: Some("someone@example.com".to_owned()) };
        let cookie = Sessions::new(JWT_KEY.into()).open(&user, Duration::from_secs(3_600), false);
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { client: client.clone(), url: fleet.url(), cookie }
    }

    /// The same person at other services on the same stores.
    pub(crate) fn at(&self, fleet: &Fleet) -> Self {
        Self { url: fleet.url(), ..self.clone() }
    }

    /// The value of the session's cookie.
    pub(crate) fn session(&self) -> &str {
        self.cookie.split_once('=').unwrap().1
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).header("cookie", &self.cookie)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// Puts a ticket up for sale.
    pub(crate) async fn sell(&self, title: &str) -> Id {
        let body = json!({ "title": title, "price": 20 });
        let answer = self.request(Method::POST, "/api/tickets").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        id(&answer.json::<Value>().await.unwrap())
    }

    /// Orders a ticket, whatever the answer is.
    pub(crate) async fn order(&self, ticket: &Id) -> Response {
        self.request(Method::POST, "/api/orders").json(&json!({ "ticketId": ticket })).send().await.unwrap()
    }

    /// Pays for an order, by a card's token or, without one, on the provider's page; the answer is the payment. A busy machine may
    /// answer that the service is not available at the moment, and then a person tries again.
    pub(crate) async fn pay(&self, order: &Id, token: Option<&str>) -> Value {
        let mut body = json!({ "orderId": order });
        if let Some(token) = token {
            body["token"] = token.into();
        }
        testkit::eventually("the payment is begun", PATIENCE, async || {
            let answer = self.request(Method::POST, "/api/payments").json(&body).send().await.unwrap();
            let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
            match status {
                201 => Ok(serde_json::from_str(&text).unwrap()),
                503 => Err(text),
                _ => panic!("{status}: {text}"),
            }
        })
        .await
    }

    /// Orders a ticket as soon as `orders` knows it and nobody has it.
    pub(crate) async fn order_soon(&self, ticket: &Id) -> Value {
        testkit::eventually("the order is placed", PATIENCE, async || {
            let answer = self.order(ticket).await;
            match answer.status().as_u16() {
                201 => Ok(answer.json().await.unwrap()),
                _ => Err(answer.text().await.unwrap()),
            }
        })
        .await
    }
}

/// The id in an answer.
pub(crate) fn id(body: &Value) -> Id {
    body["id"].as_str().unwrap().parse().unwrap()
}

/// Types a card into the provider's page and sends it; the answer is the page at the end.
pub(crate) async fn type_in(page: &str, number: &str) -> reqwest::Result<(u16, String)> {
    let form = format!("number={number}&expiry=12/40&cvc=123&name=Ada");
    let request = client().post(page).header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}
