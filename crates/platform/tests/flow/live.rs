//! Pages that are told of changes as they happen, through the one address.

use std::time::Duration;

use common::{Service, event::Id};
use platform::Platform;
use reqwest::{Method, Response, header};
use serde_json::Value;
use testkit::eventually;
use tokio::time::timeout;

use crate::{
    people::{Person, client, id},
    world::{SOON, World},
};

/// Every change is told well within this.
const AT_ONCE: Duration = Duration::from_secs(10);
const WINDOW: Duration = Duration::from_secs(600);

/// An open page that listens.
pub(crate) struct Page {
    answer: Response,
    text: String,
}

impl Page {
    pub(crate) async fn open(person: Option<&Person>, platform: &Platform, path: &str) -> Self {
        let answer = match person {
            Some(person) => person.request(Method::GET, path).send().await.unwrap(),
            None => client().get(format!("{}{path}", platform.url())).send().await.unwrap(),
        };
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
        assert!(!answer.headers().contains_key(header::CONTENT_ENCODING), "it would be held back");
        let mut page = Self { answer, text: String::new() };
        // So that what happens next is not missed.
        page.next_text("retry: ").await;
        page
    }

    /// Reads until there is a message that contains this; what came before is forgotten.
    pub(crate) async fn next_text(&mut self, expected: &str) -> String {
        loop {
            while let Some((message, rest)) = self.text.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.text = rest;
                if message.contains(expected) {
                    return message;
                }
            }
            let chunk = timeout(AT_ONCE, self.answer.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("nobody has told of {expected}"));
            let chunk = chunk.unwrap().unwrap_or_else(|| panic!("the end, and nothing about {expected}"));
            self.text += std::str::from_utf8(&chunk).unwrap();
        }
    }

    /// What a page of tickets is told of this one.
    async fn ticket(&mut self, ticket: &Id, state: &str) -> Value {
        loop {
            let message = self.next_text(&format!("\"id\":\"{ticket}\"")).await;
            assert!(message.starts_with("event: ticket\n"), "{message}");
            let data = message.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
            let data: Value = serde_json::from_str(data).unwrap();
            if data["state"] == state {
                return data;
            }
        }
    }

    /// Whether it ends before long.
    async fn ends(&mut self) {
        let end = async { while let Ok(Some(_)) = self.answer.chunk().await {} };
        timeout(SOON, end).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_see_a_seat_go_and_come_back_and_the_page_of_an_order_sees_what_becomes_of_it() {
    let world = World::start(WINDOW).await;
    let platform = &world.platform;
    let seller = Person::sign_up(platform, "seller").await;
    let (ada, ben) = (Person::sign_up(platform, "ada").await, Person::sign_up(platform, "ben").await);
    let mut pages = [
        Page::open(None, platform, "/live/tickets").await,
        Page::open(Some(&ada), platform, "/live/tickets").await,
    ];
    let ticket = seller.sell("Concert, row 7 <script>").await;
    for page in &mut pages {
        let new = page.ticket(&ticket, "new").await;
        assert_eq!(
            (new["title"].as_str(), new["price"].as_u64()),
            (Some("Concert, row 7 <script>"), Some(20))
        );
        // Neither who sells it nor who holds it.
        let fields: Vec<&String> = new.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["at", "id", "price", "state", "title", "version"]);
    }
    let order = id(&ada.order_soon(&ticket).await);
    for page in &mut pages {
        page.ticket(&ticket, "taken").await;
    }
    let path = format!("/live/orders/{order}?state=created&payment=");
    let mut of_order = Page::open(Some(&ada), platform, &path).await;
    for (who, status) in [(Some(&ben), 401), (None, 401)] {
        let answer = match who {
            Some(person) => person.request(Method::GET, &path).send().await.unwrap(),
            None => client().get(format!("{}{path}", platform.url())).send().await.unwrap(),
        };
        assert_eq!(answer.status(), status);
    }
    let unknown = ada.request(Method::GET, "/live/orders/65b0a3f0c1d2e3f405162738").send().await.unwrap();
    assert_eq!(unknown.status(), 404);

    assert_eq!(
        ada.request(Method::DELETE, &format!("/api/orders/{order}")).send().await.unwrap().status(),
        204
    );
    of_order.next_text(&format!("event: order\ndata: {{\"id\":\"{order}\",\"state\":\"cancelled\"}}")).await;
    for page in &mut pages {
        page.ticket(&ticket, "free").await;
    }
    // A page that was made before that is told as soon as it listens.
    Page::open(Some(&ada), platform, &path).await.next_text("\"state\":\"changed\"").await;

    let order = id(&ben.order_soon(&ticket).await);
    let path = format!("/live/orders/{order}?state=created&payment=");
    let mut of_order = Page::open(Some(&ben), platform, &path).await;
    ben.pay(&order, Some("tok_visa")).await;
    for state in ["complete", "settled"] {
        of_order.next_text(&format!("\"state\":\"{state}\"")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_of_the_broker_every_page_loads_again_and_is_told_of_what_comes() {
    let world = World::start(WINDOW).await;
    let platform = &world.platform;
    let seller = Person::sign_up(platform, "seller").await;
    let mut page = Page::open(None, platform, "/live/tickets").await;
    platform.nats().kill().await.unwrap();
    platform.nats().restart().await.unwrap();
    page.next_text("event: reset").await;
    let ticket = seller.sell("Sold when everybody hears again").await;
    let update = page.next_text(&format!("\"id\":\"{ticket}\"")).await;
    let place = update.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    // As a browser comes back that has lost its connection: at any replica, with the last id that it has seen.
    let meanwhile = seller.sell("Sold while nobody listened").await;
    for _ in 0..2 {
        let back = |last: &str| seller.request(Method::GET, "/live/tickets").header("last-event-id", last);
        let mut back_soon = Page { answer: back(&place).send().await.unwrap(), text: String::new() };
        back_soon.ticket(&meanwhile, "new").await;
        let mut too_late = Page { answer: back("1700000000000").send().await.unwrap(), text: String::new() };
        too_late.next_text("event: reset").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_a_limit_of_open_pages_and_a_drain_ends_them_at_once() {
    let platform = Platform::builder().env("PAGE_STREAMS", "2").start().await.unwrap();
    let pages = [
        Page::open(None, &platform, "/live/tickets").await,
        Page::open(None, &platform, "/live/tickets").await,
    ];
    let one_too_many = client().get(format!("{}/live/tickets", platform.url())).send().await.unwrap();
    assert_eq!(one_too_many.status(), 503);
    assert_eq!(one_too_many.headers()[header::RETRY_AFTER], "30");
    let shop = &platform.services(Service::Client)[0];
    let metrics = async || {
        client().get(format!("{}/metrics", shop.http_url())).send().await.unwrap().text().await.unwrap()
    };
    let said = metrics().await;
    for line in
        ["live_streams 2", "live_refused_total{reason=\"full\"} 1", "live_messages_total{kind=\"orders\"} 0"]
    {
        assert!(said.lines().any(|it| it == line), "no line {line} in\n{said}");
    }
    let [gone, mut second] = pages;
    drop(gone);
    let mut first = Page::open_soon(&platform).await;
    shop.terminate().unwrap();
    first.ends().await;
    second.ends().await;
    assert!(shop.wait_exit(Duration::from_secs(10)).await.unwrap().success());
    // The gateway hides what is not for people.
    shop.restart().await.unwrap();
    shop.ready(SOON).await.unwrap();
    for path in ["/metrics", "/readyz", "/livez"] {
        let answer = client().get(format!("{}{path}", platform.url())).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
}

impl Page {
    /// As soon as the page before it is known to be gone.
    async fn open_soon(platform: &Platform) -> Self {
        eventually("a place is free", SOON, async || {
            let answer = client().get(format!("{}/live/tickets", platform.url())).send().await.unwrap();
            if answer.status() == 200 {
                Ok(Self { answer, text: String::new() })
            } else {
                Err(answer.status().to_string())
            }
        })
        .await
    }
}
