//! A browser without JavaScript: keeps cookies, follows no redirect by itself, and sends the forms that it was shown.

use std::collections::BTreeMap;

use common::event::Id;
use reqwest::{Client, Method, RequestBuilder, Response, header::HeaderMap, redirect};

use crate::html::{self, Form};

/// A visitor and his browser.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    url: String,
    client: Client,
    pub(crate) cookies: BTreeMap<String, String>,
    /// Sent with every request.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) email: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

pub(crate) const PASSWORD: &str = "correct horse";

impl Visitor {
    pub(crate) fn new(url: &str) -> Self {
        let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        let email = format!("{}@example.com", Id::generate());
        Self { url: url.to_owned(), client, cookies: BTreeMap::new(), headers: Vec::new(), email }
    }

    /// One page, without following where it leads.
    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let request = self.request(Method::GET, path);
        self.send(request).await
    }

    /// A post with exactly these fields.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.finish());
        self.send(request).await
    }

    /// Sends the form of a page that posts to `action`, with what is typed.
    pub(crate) async fn submit(&mut self, page: &Page, action: &str, typed: &[(&str, &str)]) -> Page {
        let Form { hidden, .. } = page.form(action);
        let hidden = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let fields: Vec<(&str, &str)> = hidden.chain(typed.iter().copied()).collect();
        self.post(action, &fields).await
    }

    /// Opens a page and sends its form.
    pub(crate) async fn fill(&mut self, path: &str, typed: &[(&str, &str)]) -> Page {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{path}: {page:?}");
        let action = path.split('?').next().unwrap();
        self.submit(&page, action, typed).await
    }

    /// How many bytes an answer has as it is sent, with its head.
    pub(crate) async fn bytes(&mut self, path: &str) -> usize {
        let response = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let head: usize =
            response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        head + response.bytes().await.unwrap().len()
    }

    pub(crate) async fn sign_up(&mut self) {
        let email = self.email.clone();
        let answer = self.fill("/auth/signup", &[("email", &email), ("password", PASSWORD)]).await;
        assert_eq!(answer.leads_to(), "/", "{answer:?}");
    }

    /// Puts a ticket up for sale; its path.
    pub(crate) async fn sell(&mut self, title: &str, price: &str) -> String {
        let answer = self.fill("/tickets/new", &[("title", title), ("price", price)]).await;
        answer.leads_to().to_owned()
    }

    /// Buys a ticket that `orders` may not know yet; the path of the order.
    pub(crate) async fn buy(&mut self, ticket: &str) -> String {
        let limit = std::time::Duration::from_secs(30);
        testkit::eventually("the ticket can be ordered", limit, async || {
            let answer = self.fill(ticket, &[]).await;
            if answer.status == 303 { Ok(answer.leads_to().to_owned()) } else { Err(answer.html) }
        })
        .await
    }

    /// Looks at a page until it shows `what`.
    pub(crate) async fn sees(&mut self, path: &str, what: &str) -> Page {
        let limit = std::time::Duration::from_secs(30);
        testkit::eventually(&format!("{path} shows {what}"), limit, async || {
            let page = self.get(path).await;
            if page.html.contains(what) { Ok(page) } else { Err(page.text()) }
        })
        .await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
    }

    async fn send(&mut self, request: RequestBuilder) -> Page {
        let response: Response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let (pair, _) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Page { status, headers, html: response.text().await.unwrap() }
    }
}

impl Page {
    /// Where a redirect leads.
    #[track_caller]
    pub(crate) fn leads_to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text());
        self.headers["location"].to_str().unwrap()
    }

    /// The form that posts to `action`.
    #[track_caller]
    pub(crate) fn form(&self, action: &str) -> Form {
        html::form(&self.html, action).unwrap_or_else(|| panic!("no form posts to {action} in {}", self.html))
    }

    pub(crate) fn has_form(&self, action: &str) -> bool {
        html::form(&self.html, action).is_some()
    }

    /// What a person reads.
    pub(crate) fn text(&self) -> String {
        html::text(&self.html)
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        assert!(self.text().contains(text), "{text:?} is not in: {}", self.text());
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
