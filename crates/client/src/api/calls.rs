//! Each call of the APIs that a page makes.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, header};
use common::{Service, event::Id};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    Apis, BegunPayment, Failure, Order, Payment, Ticket, User, bodies::CurrentUser, transport::Answer,
};
use crate::visit::Visit;

/// Entries of one page of a list, the most that the APIs give.
const PAGE: usize = 100;

/// The cookies that an API sets.
pub type Cookies = Vec<HeaderValue>;

/// What a visitor signs up or in with.
#[derive(Serialize)]
pub struct Credentials<'a> {
    /// The e-mail address.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
}

/// What a seller writes, as typed.
#[derive(Debug, Serialize)]
pub struct TicketDraft<'a> {
    /// What the seat is for.
    pub title: &'a str,
    /// What it shall cost: a text, which the API reads as a number.
    pub price: &'a str,
}

/// A list, perhaps not to its end.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The entries, the oldest first.
    pub entries: Vec<T>,
    /// Whether there are more.
    pub cut: bool,
}

impl Apis {
    /// Who is signed in.
    ///
    /// # Errors
    /// When `auth` is away.
    pub async fn current_user(&self, visit: &Visit) -> Result<Option<User>, Failure> {
        let user: CurrentUser = self.get(Service::Auth, "/currentuser", visit).await?;
        Ok(user.current_user)
    }

    /// Makes an account and signs its user in.
    ///
    /// # Errors
    /// What is wrong with the fields, or why not.
    pub async fn sign_up(&self, visit: &Visit, credentials: &Credentials<'_>) -> Result<Cookies, Failure> {
        self.set_cookies("/signup", visit, credentials).await
    }

    /// Signs a user in.
    ///
    /// # Errors
    /// What is wrong with the fields, or why not.
    pub async fn sign_in(&self, visit: &Visit, credentials: &Credentials<'_>) -> Result<Cookies, Failure> {
        self.set_cookies("/signin", visit, credentials).await
    }

    /// Signs whoever it is out.
    ///
    /// # Errors
    /// When `auth` is away.
    pub async fn sign_out(&self, visit: &Visit) -> Result<Cookies, Failure> {
        self.set_cookies("/signout", visit, &json!({})).await
    }

    /// Tickets, the oldest first: those that can be bought, or with `all` the others too. At most `pages` times a hundred.
    ///
    /// # Errors
    /// When `tickets` is away.
    pub async fn tickets(&self, visit: &Visit, all: bool, pages: usize) -> Result<Listed<Ticket>, Failure> {
        let query = if all { "?status=all&" } else { "?" };
        self.list(Service::Tickets, query, visit, pages, |ticket: &Ticket| &ticket.id).await
    }

    /// What this user sells, the oldest first, the taken ones too. At most `pages` times a hundred.
    ///
    /// # Errors
    /// When `tickets` is away.
    pub async fn tickets_of(
        &self,
        visit: &Visit,
        seller: &Id,
        pages: usize,
    ) -> Result<Listed<Ticket>, Failure> {
        let query = format!("?status=all&seller={seller}&");
        self.list(Service::Tickets, &query, visit, pages, |ticket: &Ticket| &ticket.id).await
    }

    /// One ticket.
    ///
    /// # Errors
    /// When there is none, or `tickets` is away.
    pub async fn ticket(&self, visit: &Visit, ticket: &Id) -> Result<Ticket, Failure> {
        self.get(Service::Tickets, &format!("/{ticket}"), visit).await
    }

    /// Puts a ticket up for sale.
    ///
    /// # Errors
    /// What is wrong with the fields, or why not.
    pub async fn sell(&self, visit: &Visit, draft: &TicketDraft<'_>) -> Result<Ticket, Failure> {
        let answer = self.send(Service::Tickets, Method::POST, "", visit.headers(), draft).await?;
        read(Service::Tickets, &answer)
    }

    /// Changes a ticket, if it still is at this version.
    ///
    /// # Errors
    /// What is wrong with the fields, or why not.
    pub async fn edit(
        &self,
        visit: &Visit,
        ticket: &Id,
        version: Option<u32>,
        draft: &TicketDraft<'_>,
    ) -> Result<Ticket, Failure> {
        let mut headers = visit.headers();
        if let Some(etag) = version.and_then(|version| HeaderValue::try_from(format!("\"{version}\"")).ok()) {
            headers.insert(header::IF_MATCH, etag);
        }
        let answer = self.send(Service::Tickets, Method::PUT, &format!("/{ticket}"), headers, draft).await?;
        read(Service::Tickets, &answer)
    }

    /// The visitor's orders, the oldest first, at most `pages` times a hundred.
    ///
    /// # Errors
    /// When nobody is signed in, or `orders` is away.
    pub async fn orders(&self, visit: &Visit, pages: usize) -> Result<Listed<Order>, Failure> {
        self.list(Service::Orders, "?", visit, pages, |order: &Order| &order.id).await
    }

    /// One of the visitor's orders.
    ///
    /// # Errors
    /// When it is not the visitor's or not there, or `orders` is away.
    pub async fn order(&self, visit: &Visit, order: &Id) -> Result<Order, Failure> {
        self.get(Service::Orders, &format!("/{order}"), visit).await
    }

    /// Orders a ticket; the order that holds it for this visitor already is as good.
    ///
    /// # Errors
    /// Why not.
    pub async fn buy(&self, visit: &Visit, ticket: &Id) -> Result<Order, Failure> {
        let body = json!({ "ticketId": ticket });
        let answer = self.send(Service::Orders, Method::POST, "", visit.headers(), &body).await?;
        read(Service::Orders, &answer)
    }

    /// Gives an unpaid order up.
    ///
    /// # Errors
    /// Why not.
    pub async fn cancel(&self, visit: &Visit, order: &Id) -> Result<(), Failure> {
        let url = self.at(Service::Orders, &format!("/{order}"));
        self.checked(Service::Orders, Method::DELETE, url, visit.headers(), None).await.map(drop)
    }

    /// The payments of an order, the oldest first.
    ///
    /// # Errors
    /// When it is not the visitor's, or `payments` is away.
    pub async fn payments(&self, visit: &Visit, order: &Id) -> Result<Vec<Payment>, Failure> {
        self.get(Service::Payments, &format!("?orderId={order}"), visit).await
    }

    /// Begins to pay an order, on the provider's page.
    ///
    /// # Errors
    /// Why not.
    pub async fn pay(&self, visit: &Visit, order: &Id) -> Result<BegunPayment, Failure> {
        let body = json!({ "orderId": order });
        let answer = self.send(Service::Payments, Method::POST, "", visit.headers(), &body).await?;
        read(Service::Payments, &answer)
    }

    async fn set_cookies(
        &self,
        path: &str,
        visit: &Visit,
        body: &impl Serialize,
    ) -> Result<Cookies, Failure> {
        let answer = self.send(Service::Auth, Method::POST, path, visit.headers(), body).await?;
        Ok(answer.headers.get_all(header::SET_COOKIE).iter().cloned().collect())
    }

    async fn list<T: DeserializeOwned>(
        &self,
        service: Service,
        query: &str,
        visit: &Visit,
        pages: usize,
        id: impl Fn(&T) -> &Id,
    ) -> Result<Listed<T>, Failure> {
        let mut entries: Vec<T> = Vec::new();
        for _ in 0..pages {
            let after = entries.last().map(|last| format!("&after={}", id(last))).unwrap_or_default();
            let page: Vec<T> = self.get(service, &format!("{query}limit={PAGE}{after}"), visit).await?;
            let is_last = page.len() < PAGE;
            entries.extend(page);
            if is_last {
                return Ok(Listed { entries, cut: false });
            }
        }
        Ok(Listed { entries, cut: true })
    }

    async fn get<T: DeserializeOwned>(
        &self,
        service: Service,
        path: &str,
        visit: &Visit,
    ) -> Result<T, Failure> {
        let url = self.at(service, path);
        read(service, &self.checked(service, Method::GET, url, visit.headers(), None).await?)
    }

    async fn send(
        &self,
        service: Service,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: &impl Serialize,
    ) -> Result<Answer, Failure> {
        let json = serde_json::to_string(body).map_err(|error| Failure::away(service, &error))?;
        self.checked(service, method, self.at(service, path), headers, Some(json)).await
    }

    /// The answer, if it is none of an error.
    async fn checked(
        &self,
        service: Service,
        method: Method,
        url: String,
        headers: HeaderMap,
        json: Option<String>,
    ) -> Result<Answer, Failure> {
        let answer = self.transport.call(service, method, url, headers, json).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let wait = answer.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let wait = wait.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        Err(Failure::read(service, answer.status, wait, &answer.body))
    }

    /// A path below the API of a service.
    fn at(&self, service: Service, path: &str) -> String {
        format!("{}{}{path}", self.url(service).as_str(), service.prefix().unwrap_or_default())
    }
}

fn read<T: DeserializeOwned>(service: Service, answer: &Answer) -> Result<T, Failure> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| Failure::away(service, &format!("an answer that can't be read: {error}")))
}
