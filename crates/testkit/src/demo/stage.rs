//! The servers and our processes, started as a person would start them: from plain environment variables.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use common::process::config::duration::WithUnit;
use tokio::sync::mpsc::UnboundedSender;

use super::{Options, streams::CLUSTER};
use crate::{Database, Nats, Postgres, Redis, Service, layout};

/// Signs the buyers' sessions.
pub(super) const JWT_KEY: &str = "demo";

const READY: Duration = Duration::from_secs(60);

/// Everything that runs. Dropped, it is gone.
#[derive(Debug)]
pub(super) struct Stage {
    // Fields are dropped in this order: the services before their servers, or they would complain.
    pub(super) orders: Service,
    pub(super) expirations: Vec<Service>,
    pub(super) nats: Nats,
    pub(super) redis: Redis,
    pub(super) postgres: Postgres,
    pub(super) database: Database,
}

/// Something that runs, for a person who wants to look at it.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) pid: u32,
}

/// A line that a process wrote, and which.
pub(super) type Line = (String, String);

impl Stage {
    /// Starts everything and waits until it is ready.
    pub(super) async fn set(options: &Options, lines: &UnboundedSender<Line>) -> Result<Self> {
        // As in production: nothing is evicted, and a restart loses no timer.
        let redis = ["--appendonly", "yes", "--maxmemory-policy", "noeviction"];
        let (nats, redis, postgres) =
            tokio::try_join!(Nats::start(), Redis::start_with(&redis), Postgres::start())?;
        let database = postgres.database().await?;
        let start = async |binary: &str, name: String, env: &[(&str, String)]| {
            let mut command = Service::command(binary)
                .name(&name)
                .echo(labelled(&name, lines))
                .env("NATS_URL", nats.url())
                .env("NATS_CLUSTER_ID", CLUSTER)
                .env("NATS_CLIENT_ID", &name)
                .env("LOG_FORMAT", "json");
            for (variable, value) in env {
                command = command.env(variable, value);
            }
            command.spawn().await
        };
        let for_orders = [
            ("DATABASE_URL", database.url().to_owned()),
            ("JWT_KEY", JWT_KEY.to_owned()),
            ("ORDER_EXPIRATION_WINDOW", WithUnit(options.window).to_string()),
        ];
        let orders = start("orders", "orders-1".to_owned(), &for_orders).await?;
        let for_expiration = [("REDIS_URL", redis.url())];
        let mut expirations = Vec::new();
        for number in 1..=options.replicas {
            expirations.push(start("expiration", format!("expiration-{number}"), &for_expiration).await?);
        }
        for service in expirations.iter().chain([&orders]) {
            service.ready(READY).await?;
        }
        Ok(Self { orders, expirations, nats, redis, postgres, database })
    }

    pub(super) fn addresses(&self) -> Vec<Address> {
        let address = |name: &str, url, pid| Address { name: name.to_owned(), url, pid };
        let mut all = vec![
            address("NATS", self.nats.url(), self.nats.pid()),
            address("Redis", self.redis.url(), self.redis.pid()),
            address("Postgres", self.database.url().to_owned(), self.postgres.pid()),
            address("orders-1", self.orders.http_url(), self.orders.pid()),
        ];
        for (index, service) in self.expirations.iter().enumerate() {
            all.push(address(&format!("expiration-{}", index + 1), service.http_url(), service.pid()));
        }
        all
    }

    /// Every service is still there.
    pub(super) fn check_running(&self) -> Result<()> {
        for service in self.expirations.iter().chain([&self.orders]) {
            ensure!(service.is_running(), "the process {} has ended by itself", service.pid());
        }
        Ok(())
    }

    /// Copies the logs to a place where they stay, the last run's only, and names it.
    pub(super) fn keep_logs(&self) -> Result<PathBuf> {
        let directory = layout::dev().join("demo-logs");
        let what = || format!("keep the logs in {}", directory.display());
        if directory.exists() {
            fs::remove_dir_all(&directory).with_context(what)?;
        }
        fs::create_dir_all(&directory).with_context(what)?;
        let servers = [
            ("nats", self.nats.log()),
            ("redis", self.redis.log()),
            ("postgres", self.postgres.log()),
            ("orders-1", self.orders.log()),
        ];
        for (name, log) in servers {
            fs::write(directory.join(format!("{name}.log")), log).with_context(what)?;
        }
        for (index, service) in self.expirations.iter().enumerate() {
            let path = directory.join(format!("expiration-{}.log", index + 1));
            fs::write(path, service.log()).with_context(what)?;
        }
        Ok(directory)
    }
}

/// A sender of lines that puts the process's name before each.
fn labelled(name: &str, lines: &UnboundedSender<Line>) -> UnboundedSender<String> {
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let (name, lines) = (name.to_owned(), lines.clone());
    tokio::spawn(async move {
        while let Some(line) = received.recv().await {
            let _ = lines.send((name.clone(), line));
        }
    });
    sender
}
