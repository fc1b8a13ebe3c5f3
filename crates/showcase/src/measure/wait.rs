//! How long a visitor waits for the first byte of `/`, in quiet and in a rush.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use common::event::Id;
use futures_util::future::try_join_all;
use platform::JWT_KEY;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use testkit::poll;
use web::{Sessions, User};

use super::table::Row;
use crate::scene::Scene;

const LOOKS: usize = 1_000;
const BUYERS: usize = 1_000;
const RUSHES: usize = 5;
const PATIENCE: Duration = Duration::from_secs(60);

/// The 99th percentile of both.
///
/// # Errors
/// When a page does not come.
pub(super) async fn measure(scene: &Scene) -> Result<Vec<Row>> {
    let url = format!("{}/", scene.platform.url());
    let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let mut quiet = Vec::with_capacity(LOOKS);
    for _ in 0..LOOKS {
        quiet.push(first_byte(&client, &url).await?);
    }
    let mut rush = Vec::new();
    for _ in 0..RUSHES {
        let tickets = put_up(&client, scene).await?;
        let buyers: Vec<_> = (0..BUYERS).map(|_| session()).collect();
        rush.extend(rush_once(&client, scene, &url, &buyers, &tickets).await?);
    }
    Ok(vec![
        Row::at_most("first byte of /, quiet, p99", p99(&mut quiet)?, 20.0, "ms"),
        Row::at_most("first byte of /, 1,000 buyers rushing, p99", p99(&mut rush)?, 150.0, "ms"),
    ])
}

/// All buyers order at the same moment; until the last one has his answer, somebody looks at `/` again and again.
async fn rush_once(
    client: &Client,
    scene: &Scene,
    url: &str,
    buyers: &[String],
    tickets: &[String],
) -> Result<Vec<Duration>> {
    let order_one = async |nth: usize| {
        let answer = order(client, scene, &buyers[nth], &tickets[nth % tickets.len()]).await?;
        let status = answer.status().as_u16();
        ensure!(matches!(status, 201 | 400), "an order is answered with {status}");
        Ok(answer.bytes().await.map(drop)?)
    };
    let all = try_join_all((0..buyers.len()).map(order_one));
    tokio::pin!(all);
    let mut looks = Vec::new();
    loop {
        tokio::select! {
            done = &mut all => {
                done?;
                return Ok(looks);
            }
            look = first_byte(client, url) => looks.push(look?),
        }
    }
}

async fn first_byte(client: &Client, url: &str) -> Result<Duration> {
    let begin = Instant::now();
    let answer = client.get(url).send().await?.error_for_status()?;
    let took = begin.elapsed();
    // The connection is free for the next one.
    answer.bytes().await?;
    Ok(took)
}

/// A tenth of the buyers can get one. Answers once `orders` knows all of them.
async fn put_up(client: &Client, scene: &Scene) -> Result<Vec<String>> {
    let seller = session();
    let mut tickets = Vec::new();
    // The last one is for finding out.
    for _ in 0..=BUYERS / 10 {
        let request = client.post(format!("{}/api/tickets", scene.platform.url())).header("cookie", &seller);
        let answer = request.json(&json!({ "title": "A seat", "price": 20 })).send().await?;
        let ticket: Value = answer.error_for_status()?.json().await?;
        tickets.push(ticket["id"].as_str().context("a ticket has an id")?.to_owned());
    }
    let last = tickets.pop().context("a ticket was put up")?;
    let known = poll(PATIENCE, async || match order(client, scene, &session(), &last).await {
        Ok(answer) if answer.status() == 201 => Ok(()),
        Ok(answer) => Err(answer.status().to_string()),
        Err(error) => Err(format!("{error:#}")),
    });
    known.await.map_err(|last| anyhow!("orders does not know what was put up: {last}"))?;
    Ok(tickets)
}

async fn order(client: &Client, scene: &Scene, cookie: &str, ticket: &str) -> Result<Response> {
    let request = client.post(format!("{}/api/orders", scene.platform.url())).header("cookie", cookie);
    Ok(request.json(&json!({ "ticketId": ticket })).send().await?)
}

/// The cookie of somebody who is signed in.
fn session() -> String {
    let user = User { id: Id::generate(), email: Some("someone@example.com".to_owned()) };
    let cookie = Sessions::new(JWT_KEY.into()).open(&user, Duration::from_secs(3_600), false);
    cookie.split(';').next().unwrap_or_default().to_owned()
}

/// In milliseconds.
fn p99(took: &mut [Duration]) -> Result<f64> {
    took.sort_unstable();
    let at = (took.len() * 99 / 100).min(took.len().saturating_sub(1));
    Ok(took.get(at).context("nobody looked")?.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_hundred_is_beyond_the_percentile() {
        let mut took: Vec<_> = (1..=100).rev().map(Duration::from_millis).collect();
        assert!((p99(&mut took).unwrap() - 100.0).abs() < 1e-9);
        let mut took: Vec<_> = (1..=1_000).map(Duration::from_millis).collect();
        assert!((p99(&mut took).unwrap() - 991.0).abs() < 1e-9);
        assert!(p99(&mut []).is_err());
    }
}
