//! What operators ask of `console` while millions of timers are pending: how long each answer takes, how long Redis is kept from
//! its work, and what those cost who only watch.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use common::Service;
use futures_util::future::try_join_all;
use platform::{CLUSTER, OPERATOR_TOKEN, Platform, VIEWER_TOKEN};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use testkit::ServiceProcess;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc::{UnboundedSender, unbounded_channel},
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use super::{growth, platform::insert};
use crate::{order, sample::Figures, slow_log::SlowLog, stats, usage::Usage, world::now_ms};

const PATIENCE: Duration = Duration::from_secs(30);
/// Orders of which `orders` knows, among all timers.
const ORDERS: u32 = 1_000;
/// How often each question is asked, one after the other.
const CALLS: u32 = 500;
/// How often a timer is added while people watch, so that there is always something new.
const CHANGE: Duration = Duration::from_millis(100);

/// What is asked of all timers, with the name of its figure. `{from}` is an instant among them.
const QUESTIONS: [(&str, &str); 8] = [
    ("/api/timers?limit=100", "first_timers_p99_ms"),
    ("/api/timers?from={from}&limit=1000", "timers_p99_ms"),
    ("/api/timers/forecast", "forecast_p99_ms"),
    ("/api/status", "status_p99_ms"),
    ("/api/dead-letters/groups", "groups_p99_ms"),
    ("/api/dead-letters?limit=100", "letters_p99_ms"),
    ("/api/payments/owed", "owed_p99_ms"),
    ("/api/audit?limit=100", "audit_p99_ms"),
];

/// How long an order takes to be found, and the other questions; what `console` takes of a core with these viewers.
pub(super) async fn measure(pending: usize, viewers: usize, seconds: u64) -> Result<Figures> {
    let platform = Box::pin(Platform::builder().rust_log("warn").start()).await?;
    let (orders, begin_ms) = fill(&platform, pending).await?;
    let operator = Operator::new(&platform)?;
    let slow = SlowLog::begin(platform.redis()).await?;
    let mut figures = Figures::default();
    let asked = (0..CALLS).map(|nth| format!("/api/orders/{}", orders[nth as usize % orders.len()]));
    let found = operator.ask(asked).await?;
    let from = order::instant(begin_ms + 1_800_000);
    for (question, name) in QUESTIONS {
        let question = question.replace("{from}", &from);
        let took = operator.ask((0..CALLS).map(|_| question.clone())).await?;
        figures = figures.with(name, stats::quantile(&took, 0.99));
    }
    let acts = operator.act(begin_ms).await?;
    let percent = watched(&platform, viewers, seconds).await?;
    let (longest_us, slow) = slow.judge(platform.redis()).await?;
    Ok(figures
        .with("move_p99_ms", stats::quantile(&acts.moved, 0.99))
        .with("bulk_per_second", acts.bulk_per_second)
        .with("viewers_cpu_percent", percent)
        .with("redis_longest_ms", longest_us as f64 / 1e3)
        .with("redis_slow", slow as f64)
        .with_lateness(&found))
}

/// Timers of orders of other services, and some of ours.
async fn fill(platform: &Platform, pending: usize) -> Result<(Vec<String>, i64)> {
    let begin_ms = growth::fill(platform.redis(), &schedule_key(), pending).await?;
    let (ids, due_ms): (Vec<String>, Vec<i64>) =
        (0..ORDERS).map(|number| growth::timer(begin_ms, number)).unzip();
    let url = platform.database_url(Service::Orders).context("orders has a database")?;
    let pool = sqlx::PgPool::connect(url).await?;
    insert(&pool, &ids, &due_ms, "bench").await?;
    Ok((ids, begin_ms))
}

fn schedule_key() -> String {
    format!("{{{CLUSTER}:order:expiration}}:due")
}

/// Somebody who asks `console` by its API.
struct Operator {
    client: Client,
    url: String,
}

impl Operator {
    fn new(platform: &Platform) -> Result<Self> {
        let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { client, url: platform.console_url().context("console is there")? })
    }

    /// How long each answer took, in ms and sorted.
    async fn ask(&self, paths: impl Iterator<Item = String>) -> Result<Vec<f64>> {
        let mut took = Vec::new();
        for path in paths {
            let begin = Instant::now();
            let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(OPERATOR_TOKEN);
            let answer = request.send().await.with_context(|| format!("ask for {path}"))?;
            let (status, body) = (answer.status(), answer.text().await?);
            ensure!(status == StatusCode::OK, "{path} answers {status}: {body}");
            took.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        stats::sort(&mut took);
        Ok(took)
    }
}

/// What became of the acts.
struct Acts {
    /// How long each timer's move took, in ms and sorted.
    moved: Vec<f64>,
    /// Timers that a bulk act moves.
    bulk_per_second: f64,
}

impl Operator {
    /// Moves timers of other services, one by one and many at once, and pauses all for a moment.
    async fn act(&self, begin_ms: i64) -> Result<Acts> {
        let mut moved = Vec::new();
        for number in ORDERS..ORDERS + CALLS {
            let (id, _) = growth::timer(begin_ms, number);
            let begin = Instant::now();
            self.post(&format!("/api/timers/{id}/move"), json!({ "byMs": 60_000 })).await?;
            moved.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        stats::sort(&mut moved);
        self.post("/api/pause", json!({ "forMs": 3_600_000, "rate": 1_000 })).await?;
        self.post("/api/resume", json!({})).await?;
        let due = |seconds: i64| order::instant(begin_ms + seconds * 1_000);
        let plan = json!({
            "action": "moveTimers",
            "timers": { "dueFrom": due(600), "dueTo": due(620) },
            "byMs": 60_000,
        });
        let planned = self.post("/api/operations", plan).await?;
        let (id, count) = (planned["id"].as_str().context("an operation has an id")?, &planned["count"]);
        let begin = Instant::now();
        self.post(&format!("/api/operations/{id}/confirm"), json!({ "count": count })).await?;
        loop {
            let request = self.client.get(format!("{}/api/operations/{id}", self.url));
            let operation: Value = request.bearer_auth(OPERATOR_TOKEN).send().await?.json().await?;
            if operation["state"] != "running" {
                let is_done = operation["state"] == "done" && operation["done"] == *count;
                ensure!(is_done, "not all was moved: {operation}");
                break;
            }
            ensure!(begin.elapsed() < PATIENCE, "it goes on for {PATIENCE:?}: {operation}");
            sleep(Duration::from_millis(20)).await;
        }
        let count = count.as_f64().context("an operation has a count")?;
        Ok(Acts { moved, bulk_per_second: count / begin.elapsed().as_secs_f64() })
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        let request = self.client.post(format!("{}{path}", self.url)).bearer_auth(OPERATOR_TOKEN);
        let answer = request.json(&body).send().await.with_context(|| format!("post to {path}"))?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{path} answers {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }
}

/// What `console` takes of a core, in percent, while so many watch and something changes all the time.
async fn watched(platform: &Platform, viewers: usize, seconds: u64) -> Result<f64> {
    let console = &platform.services(Service::Console)[0];
    let (told, mut news) = unbounded_channel();
    let _viewers = try_join_all((0..viewers).map(|_| watch(console, told.clone()))).await?;
    let mut connection = platform.redis().connect().await?;
    let (before, begin) = (Usage::of(console.pid())?.cpu_s, Instant::now());
    let mut added = 0;
    while begin.elapsed() < Duration::from_secs(seconds) {
        let due_ms = now_ms() + 7_200_000;
        let mut add = redis::cmd("ZADD");
        add.arg(schedule_key()).arg(due_ms).arg(order::id(u32::MAX - added, due_ms));
        add.exec_async(&mut connection).await.context("add a timer")?;
        added += 1;
        sleep(CHANGE).await;
    }
    let (spent, took) = (Usage::of(console.pid())?.cpu_s - before, begin.elapsed().as_secs_f64());
    let mut heard = 0;
    while news.try_recv().is_ok() {
        heard += 1;
    }
    ensure!(heard >= viewers, "{viewers} viewers were told {heard} things in {took:.0} s");
    Ok(spent * 100.0 / took)
}

/// Opens a stream, which tells of everything that it hears after the first message. Dropped, it is closed.
async fn watch(console: &ServiceProcess, told: UnboundedSender<()>) -> Result<AbortOnDropHandle<()>> {
    let mut stream = TcpStream::connect(("127.0.0.1", console.port())).await.context("connect to console")?;
    let request = format!(
        "GET /api/live HTTP/1.1\r\nHost: console\r\nAccept: text/event-stream\r\nAuthorization: Bearer {VIEWER_TOKEN}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut buffer = vec![0; 1 << 16];
    let mut head = Vec::new();
    while !has_event(&head) {
        let read = timeout(PATIENCE, stream.read(&mut buffer)).await.context("nothing is told")??;
        ensure!(read > 0, "a viewer was refused: {}", String::from_utf8_lossy(&head));
        head.extend_from_slice(&buffer[..read]);
    }
    let listening = async move {
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            // Signs of life are no news.
            if has_event(&buffer[..read]) && told.send(()).is_err() {
                return;
            }
        }
    };
    Ok(AbortOnDropHandle::new(tokio::spawn(listening)))
}

fn has_event(bytes: &[u8]) -> bool {
    bytes.windows(6).any(|bytes| bytes == b"event:")
}
