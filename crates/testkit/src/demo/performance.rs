//! One performance, from the start of the servers to the report.

use std::{
    process::ExitCode,
    sync::{Arc, PoisonError},
};

use anyhow::{Context, Result};
use async_nats::jetstream;
use common::{
    event::Service,
    messaging::Broker,
    process::{config::NatsSettings, health::Health},
};
use serde_json::json;
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    cast::{Buyers, Payments, Tickets},
    facts::Facts,
    invariants,
    ledger::Ledger,
    line::{headings, write},
    moment::Tone,
    narrator::{Manner, Narrator},
    plan::Plan,
    rest::Rest,
    stage::{self, JWT_KEY, Stage},
    story::Story,
    streams,
    summary::Summary,
    text, warnings,
};
use crate::layout;

/// Starts everything, plays, checks and reports. Dropped, it leaves nothing behind.
pub(super) async fn perform(options: &Options) -> Result<ExitCode> {
    let plan = Plan::new(options.orders);
    let colour = !options.json && text::wants_colour();
    let manner = Manner { json: options.json, colour, followed: plan.followed(), orders: options.orders };
    let ledger = Ledger::default();
    let narrator = Narrator::start(manner, ledger.clone());
    let (lines, mut received) = tokio::sync::mpsc::unbounded_channel();
    let stage = Box::pin(Stage::set(options, &lines)).await?;
    // Whoever starts is not ready at first, and says so.
    while received.try_recv().is_ok() {}
    tokio::spawn(warnings::tell(received, narrator.clone()));
    introduce(&stage, options, colour);
    if !options.json {
        write(&headings(colour));
    }
    let played = async {
        let story = gather(options, &plan, &stage, &narrator, &ledger).await?;
        let summary = play(&story).await?;
        anyhow::Ok((story, summary))
    }
    .await;
    narrator.flush().await;
    let (story, summary) = match played {
        Ok(played) => played,
        Err(error) => {
            let logs = match stage.keep_logs() {
                Ok(directory) => format!("all logs are in {}", directory.display()),
                Err(error) => format!("the logs are lost: {error:#}"),
            };
            return Err(error.context(format!("the demo can't go on; {logs}")));
        }
    };
    if !summary.holds() {
        layout::say(&format!("all logs are in {}", stage.keep_logs()?.display()));
    }
    if options.keep {
        introduce(&stage, options, colour);
    }
    write(&if options.json { summary.as_json().to_string() } else { summary.as_text(colour) });
    if options.keep {
        keep(&story).await;
    }
    Ok(if summary.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Connects everybody who takes part.
async fn gather<'a>(
    options: &'a Options,
    plan: &'a Plan,
    stage: &'a Stage,
    narrator: &'a Narrator,
    ledger: &'a Ledger,
) -> Result<Story<'a>> {
    let rest = look_around(stage).await?;
    let broker = join(stage).await?;
    let stop = CancellationToken::new();
    Ok(Story {
        options,
        plan,
        stage,
        rest,
        narrator,
        ledger,
        buyers: Arc::new(Buyers::new(stage.orders.port(), JWT_KEY)?),
        tickets: Tickets::start(&broker, &stop),
        payments: Arc::new(Payments(broker.publisher())),
        complete_at_ms: Arc::default(),
        _stop: stop.drop_guard(),
    })
}

/// The story, and then the checks.
async fn play(story: &Story<'_>) -> Result<Summary> {
    let Story { rest, narrator, .. } = story;
    for stream in streams::names() {
        let (jetstream, narrator) = (rest.jetstream.clone(), (*narrator).clone());
        // What a reader misses is not told live; the checks read everything again.
        tokio::spawn(async move {
            streams::follow(&jetstream, &stream, |message| narrator.stored(message)).await
        });
    }
    story.play().await?;
    narrator.act("the end; now everything that was stored is read again and checked");
    let mut facts = Facts::collect(&rest.jetstream, &rest.database).await?;
    facts.placed = story.ledger.entries();
    facts.complete_at_ms = story.complete_at_ms.lock().unwrap_or_else(PoisonError::into_inner).clone();
    facts.unrest = rest.unrest().await?;
    facts.consumers = Rest::consumers().len();
    let verdicts = invariants::check(&facts);
    Ok(Summary::new(&facts, verdicts))
}

/// Connections of our own, to look at the servers from outside of the services.
async fn look_around(stage: &Stage) -> Result<Rest> {
    let client = async_nats::connect(stage.nats.url()).await.context("connect to NATS")?;
    Ok(Rest {
        jetstream: jetstream::new(client),
        database: PgPoolOptions::new()
            .max_connections(4)
            .connect(stage.database.url())
            .await
            .context("connect to Postgres")?,
        redis: stage.redis.connect().await?,
    })
}

/// The connection of those whose part is played here.
async fn join(stage: &Stage) -> Result<Broker> {
    let settings = NatsSettings {
        addresses: vec![stage.nats.url().parse().context("read the URL of NATS")?],
        cluster_id: streams::CLUSTER.to_owned(),
        client_id: "demo".to_owned(),
        replicas: 1,
    };
    Broker::connect(Service::Tickets, &settings, &Health::new()).await
}

/// Says what runs and where, for a person who wants to look.
fn introduce(stage: &Stage, options: &Options, colour: bool) {
    let addresses = stage.addresses();
    if options.json {
        let running: Vec<_> = addresses
            .iter()
            .map(|address| json!({ "name": address.name, "url": address.url, "pid": address.pid }))
            .collect();
        return write(&json!({ "event": "running", "processes": running }).to_string());
    }
    for stage::Address { name, url, pid } in addresses {
        write(&text::paint(&format!("  {name:<13} {url}  process {pid}"), Tone::Quiet, colour));
    }
}

/// Leaves everything running until this future is dropped.
async fn keep(story: &Story<'_>) {
    let (cookie, url) = (story.buyers.cookie(0), story.stage.orders.http_url());
    layout::say("everything is left running until Ctrl-C; try, as the buyer of the first order:");
    layout::say(&format!("  curl -H 'Cookie: {cookie}' {url}/api/orders"));
    std::future::pending::<()>().await;
}
