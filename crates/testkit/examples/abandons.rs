//! Starts one of each server, prints their process numbers and directory, and waits to be killed.
//!
//! With the argument `paused` the servers are paused, which is the hardest way to leave them. With `disk` Redis has a disk of
//! its own.

use std::io::Write as _;

use sqlx::{Connection, PgConnection};
use testkit::{Disk, Host, Nats, Postgres, Redis};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    let host = match asked("disk") {
        true => Host::default().with_disk(&Disk::of_megabytes(16)?),
        false => Host::default(),
    };
    let redis = Redis::start_on(&host, &[]).await?;
    let (nats, postgres) = (Nats::start().await?, Postgres::start().await?);
    let mut session = PgConnection::connect(&postgres.url()).await?;
    let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut session).await?;
    if asked("paused") {
        nats.pause()?;
        redis.pause()?;
        postgres.pause()?;
    }
    // Listened to, because a shell that starts a job in the background has it ignored; and before the line, which says
    // that it may come. No destructor runs then, as if nobody had listened.
    let mut interrupt = signal(SignalKind::interrupt())?;
    writeln!(std::io::stdout(), "{} {} {} {backend}", nats.pid(), redis.pid(), postgres.pid())?;
    interrupt.recv().await;
    std::process::exit(130)
}
