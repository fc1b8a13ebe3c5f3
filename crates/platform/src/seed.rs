//! A shop window that is not empty: a few dozen tickets of events that could take place.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::{
    body::{Body, to_bytes},
    http::{Request, header},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Number, Value, json};

/// More than the slowest of these requests takes, a password's hash among them.
const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST_BODY: usize = 1 << 20;
/// Of accounts on this machine alone.
const PASSWORD: &str = "nobody's secret";

/// Who sells what, for how much.
const OFFERS: [(&str, &[(&str, &str)]); 4] = [
    (
        "opera@example.com",
        &[
            ("La Traviata, stalls, row 4, seat 11", "89.5"),
            ("La Traviata, stalls, row 4, seat 12", "89.5"),
            ("La Traviata, upper circle, row 2, seat 7", "34"),
            ("The Magic Flute, family matinee, row 9, seat 3", "28"),
            ("The Magic Flute, family matinee, row 9, seat 4", "28"),
            ("Rigoletto, opening night, box 6", "145"),
            ("Swan Lake, dress circle, row 1, seat 20", "72"),
            ("Swan Lake, dress circle, row 1, seat 21", "72"),
            ("The Nutcracker, stalls, row 14, seat 8", "48"),
        ],
    ),
    (
        "philharmonic@example.com",
        &[
            ("Beethoven 9, choir and orchestra, row 6, seat 15", "64"),
            ("Mahler 2 “Resurrection”, balcony, row 3, seat 1", "41"),
            ("Bach, Goldberg Variations, row 2, seat 9", "38"),
            ("Dvořák and Smetana, row 11, seat 17", "36.5"),
            ("Piano recital: Chopin nocturnes, row 5, seat 6", "45"),
            ("String quartet by candlelight, front row", "32"),
            ("Film music with full orchestra, row 18, seat 22", "29.9"),
            ("New Year's concert, stalls, row 8, seat 14", "98"),
            ("Lunchtime organ concert, free seating", "5"),
        ],
    ),
    (
        "arena@example.com",
        &[
            ("Northern Lights Tour, standing, front", "79"),
            ("Northern Lights Tour, block 204, row 12", "59"),
            ("Indie night: three bands, standing", "22.5"),
            ("Jazz in the park, Saturday pass", "35"),
            ("Stand-up gala, row 7, seat 5", "27"),
            ("Basketball, semi-final, block B, row 9", "44"),
            ("Ice hockey, derby, standing", "19"),
            ("Figure skating gala, row 3, seat 18", "55"),
            ("Family circus, Sunday afternoon, row 4", "24"),
        ],
    ),
    (
        "playhouse@example.com",
        &[
            ("Hamlet, stalls, row 5, seat 10", "42"),
            ("Hamlet, stalls, row 5, seat 11", "42"),
            ("A Midsummer Night's Dream, open air, blanket 12", "26"),
            ("Waiting for Godot, studio, row 2", "18"),
            ("The Cherry Orchard, preview, row 8, seat 2", "21"),
            ("Improvised musical, cabaret table 7", "30"),
            ("Puppet theatre: The Little Prince", "12.5"),
            ("Poetry slam, final", "9"),
            ("Science on stage: black holes, row 10", "15"),
        ],
    ),
];

/// Puts tickets up for sale at the APIs behind this address. Where there are some already it leaves it at those, so it may be
/// called again. The answer is how many it has put up.
///
/// # Errors
/// When a service does not do what it is asked to.
pub async fn seed(url: &str) -> Result<usize> {
    let site = Site { client: Client::builder(TokioExecutor::new()).build_http(), url };
    let there = site.get("/api/tickets?limit=1").await?;
    if there.as_array().is_some_and(|tickets| !tickets.is_empty()) {
        return Ok(0);
    }
    let mut count = 0;
    for (seller, offers) in OFFERS {
        let cookie = site.sign_up(seller).await?;
        for (title, price) in offers {
            let price: Number = price.parse().with_context(|| format!("the price of {title}"))?;
            site.post("/api/tickets", Some(&cookie), &json!({ "title": title, "price": price })).await?;
            count += 1;
        }
    }
    Ok(count)
}

struct Site<'a> {
    client: Client<HttpConnector, Body>,
    url: &'a str,
}

impl Site<'_> {
    /// The `Cookie` header of a seller's session.
    async fn sign_up(&self, email: &str) -> Result<String> {
        let who = json!({ "email": email, "password": PASSWORD });
        let (cookie, _) = self.post("/api/users/signup", None, &who).await?;
        cookie.with_context(|| format!("no session for {email}"))
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let request = Request::get(format!("{}{path}", self.url)).body(Body::empty())?;
        Ok(self.send(request, path).await?.1)
    }

    async fn post(&self, path: &str, cookie: Option<&str>, body: &Value) -> Result<(Option<String>, Value)> {
        let mut request = Request::post(format!("{}{path}", self.url));
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string()))?, path).await
    }

    /// The cookie that is set, without what is said about it, and the body.
    async fn send(&self, request: Request<Body>, path: &str) -> Result<(Option<String>, Value)> {
        let answered = async {
            let (head, body) = self.client.request(request).await?.into_parts();
            let body = to_bytes(Body::new(body), LONGEST_BODY).await?;
            ensure!(head.status.is_success(), "{} {}", head.status, String::from_utf8_lossy(&body));
            let cookie = head.headers.get(header::SET_COOKIE).and_then(|cookie| cookie.to_str().ok());
            let cookie = cookie.and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
            Ok((cookie, serde_json::from_slice(&body)?))
        };
        let answer = tokio::time::timeout(PATIENCE, answered).await;
        answer
            .unwrap_or_else(|_| anyhow::bail!("no answer within {PATIENCE:?}"))
            .with_context(|| path.to_owned())
    }
}
