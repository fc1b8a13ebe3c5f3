//! Buyers who all order at the same moment, through the gateway, with two processes of each service.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context, Result, ensure};
use common::{Service, event::Id};
use futures_util::future::try_join_all;
use platform::{JWT_KEY, Platform};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::Instant;
use web::{Sessions, User};

use crate::{sample::Figures, stats};

/// Longer than the slowest answer by far.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(5);

/// Each of the buyers has a connection of his own and asks once: a tenth of them can get a ticket, and all others have to
/// be told. Answers a second, how long they took, and how long until each sold seat was reserved.
pub(super) async fn measure(buyers: usize, tickets: usize) -> Result<Figures> {
    let two = |builder: platform::PlatformBuilder, name| builder.replicas(name, 2);
    let builder = Platform::builder().replicas(Service::Auth, 0).replicas(Service::Client, 0);
    let builder = [Service::Tickets, Service::Orders].into_iter().fold(builder, two);
    let platform = Box::pin(builder.window(Duration::from_secs(900)).start()).await?;
    let seller = buyer()?;
    let mut seats = Vec::with_capacity(tickets);
    for _ in 0..tickets {
        let request = seller.0.post(format!("{}/api/tickets", platform.url())).header("cookie", &seller.1);
        let answer = request.json(&json!({ "title": "a seat", "price": 20 })).send().await?;
        let body: Value = answer.error_for_status()?.json().await?;
        seats.push(body["id"].as_str().context("a ticket has an id")?.to_owned());
    }
    wait_until_known(&platform, tickets).await?;
    let people: Vec<(Client, String)> = (0..buyers).map(|_| buyer()).collect::<Result<_>>()?;
    let begin = Instant::now();
    let order = async |nth: usize| {
        let (client, cookie) = &people[nth];
        let request = client.post(format!("{}/api/orders", platform.url())).header("cookie", cookie);
        let answer = request.json(&json!({ "ticketId": seats[nth % tickets] })).send().await?;
        let status = answer.status().as_u16();
        drop(answer.bytes().await?);
        anyhow::Ok((status, begin.elapsed().as_secs_f64() * 1e3))
    };
    let answers = try_join_all((0..buyers).map(order)).await?;
    let mut statuses: HashMap<u16, usize> = HashMap::new();
    answers.iter().for_each(|(status, _)| *statuses.entry(*status).or_default() += 1);
    let expected = HashMap::from([(201, tickets), (400, buyers - tickets)]);
    ensure!(statuses == expected, "{statuses:?} instead of {expected:?}");
    wait_until_reserved(&platform, tickets).await?;
    let reserved_ms = begin.elapsed().as_secs_f64() * 1e3;
    let mut took: Vec<f64> = answers.into_iter().map(|(_, ms)| ms).collect();
    stats::sort(&mut took);
    let last_ms = stats::quantile(&took, 1.0);
    Ok(Figures::default()
        .with("per_second", buyers as f64 / (last_ms / 1e3))
        .with("reserved_ms", reserved_ms)
        .with_lateness(&took))
}

/// Somebody with a browser and a session of his own.
fn buyer() -> Result<(Client, String)> {
    let user = User { id: Id::generate(), email: Some("someone@example.com".to_owned()) };
    let cookie = Sessions::new(JWT_KEY.into()).open(&user, Duration::from_secs(3_600), false);
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    Ok((Client::builder().no_proxy().timeout(PATIENCE).build()?, cookie))
}

async fn wait_until_known(platform: &Platform, tickets: usize) -> Result<()> {
    let url = platform.database_url(Service::Orders).context("orders has a database")?;
    let pool = sqlx::PgPool::connect(url).await?;
    let known = async || -> Result<usize> {
        let known: i64 = sqlx::query_scalar("select count(*) from tickets").fetch_one(&pool).await?;
        Ok(known as usize)
    };
    until(tickets, known).await
}

async fn wait_until_reserved(platform: &Platform, tickets: usize) -> Result<()> {
    let url = platform.database_url(Service::Tickets).context("tickets has a database")?;
    let pool = sqlx::PgPool::connect(url).await?;
    let reserved = async || -> Result<usize> {
        let reserved = sqlx::query_scalar("select count(*) from tickets where order_id is not null");
        let reserved: i64 = reserved.fetch_one(&pool).await?;
        Ok(reserved as usize)
    };
    until(tickets, reserved).await
}

async fn until(expected: usize, mut count: impl AsyncFnMut() -> Result<usize>) -> Result<()> {
    let begin = Instant::now();
    loop {
        let found = count().await?;
        if found == expected {
            return Ok(());
        }
        ensure!(begin.elapsed() < PATIENCE, "{found} of {expected} after {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
}
