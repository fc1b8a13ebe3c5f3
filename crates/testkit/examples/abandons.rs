//! Starts one of each server, prints their process numbers and directory, and waits to be killed.
//!
//! With the argument `paused` the servers are paused, which is the hardest way to leave them.

use std::io::Write as _;

use sqlx::{Connection, PgConnection};
use testkit::{Nats, Postgres, Redis};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (nats, redis, postgres) = (Nats::start().await?, Redis::start().await?, Postgres::start().await?);
    let mut session = PgConnection::connect(&postgres.url()).await?;
    let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut session).await?;
    if std::env::args().any(|argument| argument == "paused") {
        nats.pause()?;
        redis.pause()?;
        postgres.pause()?;
    }
    writeln!(std::io::stdout(), "{} {} {} {backend}", nats.pid(), redis.pid(), postgres.pid())?;
    // Listened to, because a shell that starts a job in the background has it ignored; and then no destructor runs, as
    // if it had not been.
    tokio::signal::ctrl_c().await?;
    std::process::exit(130)
}
