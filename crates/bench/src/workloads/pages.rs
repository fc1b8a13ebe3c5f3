//! Pages of the shop, by one core: what `/` and the page of an order take of the process, beside a handler that has the same
//! page ready.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use common::{Service, event::Id};
use futures_util::future::try_join_all;
use platform::{JWT_KEY, Platform};
use reqwest::{Client, StatusCode, header};
use serde_json::{Value, json};
use testkit::{ServiceProcess, session};
use tokio::time::sleep;

use crate::{minimal, sample::Figures, stats, usage::Usage};

/// Visitors who ask for their next page when they have the last one.
const VISITORS: usize = 16;
const WARM_UP: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(30);
const TICKETS: usize = 20;
/// As a browser says it.
const ENCODINGS: &str = "gzip, deflate, br";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// `/`, by somebody who is not signed in.
    Tickets,
    /// The same, compressed.
    Compressed,
    /// An order's page, by its buyer.
    Order,
}

impl Page {
    /// As it stands in the table.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Tickets => "/ with 20 tickets",
            Self::Compressed => "/ with 20 tickets, compressed",
            Self::Order => "an order's page",
        }
    }
}

/// Requests a second of a core's time.
pub(super) async fn measure(page: Page, seconds: u64) -> Result<Figures> {
    let platform = Box::pin(Platform::builder().replicas(Service::Expiration, 0).start()).await?;
    let order = fill(&platform).await?;
    let shop = &platform.services(Service::Client)[0];
    let path = if page == Page::Order { format!("/orders/{order}") } else { "/".to_owned() };
    let visitors = Visitors {
        url: format!("{}{path}", shop.http_url()),
        cookie: (page == Page::Order).then(|| session::of(BUYER, JWT_KEY)),
        encodings: if page == Page::Compressed { ENCODINGS } else { "identity" },
    };
    let bytes = visitors.ask(&visitors.client()?).await?;
    ensure!(bytes > 500, "{path} has only {bytes} bytes");
    Ok(visitors.measure(shop, seconds).await?.with("page_bytes", bytes as f64))
}

/// The same for a handler of axum that answers with `/` as it was made once.
pub(super) async fn minimal(seconds: u64) -> Result<Figures> {
    let platform = Box::pin(Platform::builder().replicas(Service::Expiration, 0).start()).await?;
    fill(&platform).await?;
    let shop = Visitors { url: format!("{}/", platform.url()), cookie: None, encodings: "identity" };
    let page = shop.client()?.get(&shop.url).send().await?.error_for_status()?.text().await?;
    drop(platform);
    let server =
        ServiceProcess::program(std::env::current_exe()?).arg(minimal::ARGUMENT).arg(page).spawn().await?;
    let visitors = Visitors { url: format!("{}/", server.http_url()), ..shop };
    server.ready(PATIENCE).await?;
    visitors.measure(&server, seconds).await
}

const SELLER: &str = "6b02606ac30802f3896a71b2";
const BUYER: &str = "6b02606ac30802f3896a71b3";

/// A shop window, and an order.
async fn fill(platform: &Platform) -> Result<String> {
    let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let post = async |who: &str, path: &str, body: Value| -> Result<(StatusCode, Value)> {
        let request = client.post(format!("{}{path}", platform.url()));
        let answer = request.header(header::COOKIE, session::of(who, JWT_KEY)).json(&body).send().await?;
        Ok((answer.status(), answer.json().await?))
    };
    let mut last = Value::Null;
    for number in 0..=TICKETS {
        let offer = json!({ "title": format!("Concert, row {number}, seat 7"), "price": 20 });
        let (status, ticket) = post(SELLER, "/api/tickets", offer).await?;
        ensure!(status == StatusCode::CREATED, "{status}: {ticket}");
        last = ticket["id"].clone();
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, order) = post(BUYER, "/api/orders", json!({ "ticketId": last })).await?;
        if status == StatusCode::CREATED {
            let order: Id = order["id"].as_str().context("an order has an id")?.parse()?;
            return Ok(order.to_string());
        }
        ensure!(Instant::now() < deadline, "{status}: {order}");
        sleep(Duration::from_millis(50)).await;
    }
}

struct Visitors {
    url: String,
    cookie: Option<String>,
    encodings: &'static str,
}

impl Visitors {
    fn client(&self) -> Result<Client> {
        Ok(Client::builder().no_proxy().timeout(PATIENCE).pool_max_idle_per_host(VISITORS).build()?)
    }

    /// The bytes of the page.
    async fn ask(&self, client: &Client) -> Result<usize> {
        let mut request = client.get(&self.url).header(header::ACCEPT_ENCODING, self.encodings);
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let answer = request.send().await?;
        ensure!(answer.status() == StatusCode::OK, "{} answers {}", self.url, answer.status());
        Ok(answer.bytes().await?.len())
    }

    /// All of them ask for so many seconds. The rate is by the CPU time of the process, and so of one core, whatever else the
    /// machine had to do for a page.
    async fn measure(&self, process: &ServiceProcess, seconds: u64) -> Result<Figures> {
        let client = self.client()?;
        self.asked_for(&client, WARM_UP).await?;
        let before = Usage::of(process.pid())?.cpu_s;
        let mut took = self.asked_for(&client, Duration::from_secs(seconds)).await?;
        let spent = Usage::of(process.pid())?.cpu_s - before;
        stats::sort(&mut took);
        Ok(Figures::default()
            .with("per_second", took.len() as f64 / spent)
            .with("page_us", spent * 1e6 / took.len() as f64)
            .with_lateness(&took))
    }

    async fn asked_for(&self, client: &Client, time: Duration) -> Result<Vec<f64>> {
        let end = Instant::now() + time;
        let visit = async |_: usize| -> Result<Vec<f64>> {
            let mut took = Vec::new();
            while Instant::now() < end {
                let begin = Instant::now();
                self.ask(client).await?;
                took.push(begin.elapsed().as_secs_f64() * 1e3);
            }
            Ok(took)
        };
        Ok(try_join_all((0..VISITORS).map(visit)).await?.concat())
    }
}
