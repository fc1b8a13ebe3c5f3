//! One performance, from the start of the servers to the report.

use common::Service;
use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, Result};

use judge::{Addresses, Facts, Quiescence, streams};
use messaging::Broker;
use messaging::{NatsServers, NatsSettings};
use process::health::Health;
use serde_json::json;

use super::{
    Options,
    cast::{Browser, Operator, Payments, Person},
    ledger::Ledger,
    line::headings,
    mischief::Mischief,
    narrator::{Manner, Narrator},
    plan::Plan,
    record,
    story::Story,
    summary::Summary,
    text::{self, Tone},
    warnings,
};
use platform::{CLUSTER, OPERATOR_TOKEN, Platform, Running};
use testkit::{
    paths,
    terminal::{self, write},
};

/// Starts everything, plays, checks and reports. Dropped, it leaves nothing behind.
pub(super) async fn perform(options: &Options) -> Result<ExitCode> {
    let plan = Plan::new(options.orders);
    let colour = !options.json && terminal::wants_colour();
    let manner = Manner { json: options.json, colour, followed: plan.followed(), orders: options.orders };
    let ledger = Ledger::default();
    let narrator = Narrator::start(manner, ledger.clone());
    let (lines, mut received) = tokio::sync::mpsc::unbounded_channel();
    let builder = Platform::builder()
        // The buyers take turns, and with many orders each has more unpaid ones than a person may.
        .env("MAX_UNPAID_ORDERS", "0")
        .window(options.window)
        .replicas(Service::Expiration, options.replicas)
        .echo(lines);
    let platform = builder.start().await?;
    // A process that starts is not ready at first, and says so.
    while received.try_recv().is_ok() {}
    tokio::spawn(warnings::tell(received, narrator.clone()));
    introduce(&platform, options, colour);
    if !options.json {
        write(&headings(colour));
    }
    let played = async {
        let story = gather(options, &plan, &platform, &narrator, &ledger).await?;
        play(&story).await
    };
    let played = played.await;
    narrator.flush().await;
    let (summary, buyer) = match played {
        Ok(played) => played,
        Err(error) => {
            let logs = keep_logs(&platform).unwrap_or_else(|error| format!("the logs are lost: {error:#}"));
            return Err(error.context(format!("the demo can't go on; {logs}")));
        }
    };
    if !summary.holds() {
        paths::say(&keep_logs(&platform)?);
    }
    if options.keep {
        introduce(&platform, options, colour);
    }
    write(&if options.json { summary.as_json().to_string() } else { summary.as_text(colour) });
    if options.keep {
        keep(&platform, &buyer).await;
    }
    Ok(if summary.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Copies the logs to a place where they stay, the last run's only, and names it.
fn keep_logs(platform: &Platform) -> Result<String> {
    let directory = paths::dev().join("demo-logs");
    platform.keep_logs(&directory)?;
    Ok(format!("all logs are in {}", directory.display()))
}

/// Connects everybody who takes part.
async fn gather<'a>(
    options: &'a Options,
    plan: &'a Plan,
    platform: &'a Platform,
    narrator: &'a Narrator,
    ledger: &'a Ledger,
) -> Result<Story<'a>> {
    Ok(Story {
        options,
        plan,
        platform,
        rest: connect(platform).await?,
        narrator,
        ledger,
        browser: Browser::new(platform.url()),
        payments: Arc::new(Payments(join_as_payments(platform).await?.publisher())),
        operator: Operator::new(platform)?,
        mischief: Mischief::default(),
        complete_at_ms: Arc::default(),
    })
}

/// The story, and then the checks.
async fn play(story: &Story<'_>) -> Result<(Summary, Arc<Person>)> {
    let Story { rest, narrator, .. } = story;
    for stream in streams::names(&rest.topology) {
        let (jetstream, narrator) = (rest.jetstream.clone(), (*narrator).clone());
        // What a reader misses is not told live; the checks read everything again.
        tokio::spawn(async move {
            streams::follow(&jetstream, &stream, |message| narrator.stored(message)).await
        });
    }
    let buyer = story.play().await?;
    narrator.act("the end; now everything that was stored is read again and checked");
    let (record, bounds) = record::of(story);
    let facts = Facts::collect(rest, record, bounds, &story.platform.stripe().ledger()).await?;
    let verdicts = judge::check(&facts);
    Ok((Summary::new(&facts, verdicts), buyer))
}

/// Who looks at everything from outside.
async fn connect(platform: &Platform) -> Result<Quiescence> {
    let database = |name: Service| {
        let url = platform.database_url(name).with_context(|| format!("the database of {name}"));
        url.map(str::to_owned)
    };
    let addresses = Addresses {
        cluster: CLUSTER.to_owned(),
        nats: platform.nats().url(),
        redis: platform.redis().url(),
        orders: database(Service::Orders)?,
        tickets: database(Service::Tickets)?,
        payments: database(Service::Payments)?,
    };
    Quiescence::connect(&addresses).await
}

/// The connection of the one service whose part is played here.
async fn join_as_payments(platform: &Platform) -> Result<Broker> {
    let settings = NatsSettings {
        servers: NatsServers {
            addresses: vec![platform.nats().url().parse().context("read the URL of NATS")?],
            ca_file: None,
            client_id: "payments of the demo".to_owned(),
        },
        cluster_id: CLUSTER.to_owned(),
        replicas: 1,
        stream_bytes: messaging::topology::STREAM_BYTES,
    };
    Broker::connect(Service::Payments, &settings, &Health::new()).await
}

/// Says what runs and where, for a person who wants to look.
fn introduce(platform: &Platform, options: &Options, colour: bool) {
    let (url, running) = (platform.url(), platform.running());
    if options.json {
        let running: Vec<_> = running
            .iter()
            .map(|Running { name, url, pid }| json!({ "name": name, "url": url, "pid": pid }))
            .collect();
        return write(&json!({ "event": "running", "url": url, "processes": running }).to_string());
    }
    let row = |line: String| write(&text::paint(&line, Tone::Quiet, colour));
    for Running { name, url, pid } in running {
        row(format!("  {name:<13} {url}  process {pid}"));
    }
    row(format!("  {:<13} {url}  routes to the services, as the ingress does", "gateway"));
}

/// Leaves everything running until this future is dropped.
async fn keep(platform: &Platform, buyer: &Person) {
    let (cookie, url) = (buyer.cookie(), platform.url());
    paths::say("everything is left running until Ctrl-C; try, as the buyer of the first order:");
    paths::say(&format!("  curl -H 'Cookie: {cookie}' {url}/api/orders"));
    if let Some(console) = platform.console_url() {
        paths::say("or, as an operator:");
        paths::say(&format!("  export FLEET_CONSOLE={console} FLEET_TOKEN={OPERATOR_TOKEN}"));
        paths::say("  cargo run --quiet --package fleet -- status");
    }
    std::future::pending::<()>().await;
}
