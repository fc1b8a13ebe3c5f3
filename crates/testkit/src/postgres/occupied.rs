//! A Postgres that is out of connections.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{
    StreamExt as _,
    future::{Either, select},
    stream,
};
use sqlx::{
    ConnectOptions, PgConnection,
    postgres::{PgConnectOptions, PgDatabaseError},
};
use tokio::time::{sleep, timeout};

/// For clients that come back at once to give up a place.
const LIMIT: Duration = Duration::from_secs(20);
/// Our attempts at one time. Each place goes to whoever asks next, so this is our share of those that others leave.
const AT_ONCE: usize = 16;
/// Between two looks for others. They may come back meanwhile: our attempts go on beside it.
const LOOK: Duration = Duration::from_millis(10);
const OURS: &str = "testkit-occupied";
/// There is no place; and, while a session begins and does not have its name yet, that we sent ourselves away.
const NOT_YET: [&str; 2] = ["53300", "57P01"];

/// Sends away every client that is not one of ours. Without its own session, which it needs to answer.
const SEND_AWAY: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
    WHERE backend_type = 'client backend' AND application_name <> $1";

/// All connections of a server. Given back on drop.
#[derive(Debug)]
pub struct Occupied {
    connections: Vec<PgConnection>,
}

impl Occupied {
    pub(super) async fn take(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse().context("the server's address")?;
        let options = options.application_name(OURS);
        let mut first = options.connect().await.context("connect to Postgres")?;
        let places: String = sqlx::query_scalar("SHOW max_connections")
            .fetch_one(&mut first)
            .await
            .context("ask for places")?;
        let places: usize = places.parse().context("max_connections is a number")?;
        let mut connections = Vec::new();
        let taken = timeout(LIMIT, async {
            let all = Box::pin(take(&options, places - 1, &mut connections));
            match select(all, Box::pin(send_away(&mut first))).await {
                Either::Left((taken, _)) => taken,
                Either::Right((error, _)) => Err(error),
            }
        });
        let Ok(taken) = taken.await else {
            bail!(
                "take all {places} connections of Postgres: not within {LIMIT:?}, we have {}",
                connections.len() + 1
            )
        };
        taken?;
        connections.push(first);
        Ok(Self { connections })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.connections.len()
    }
}

/// Asks for so many places until they are ours. Several attempts are always on their way: with a pause between them, in
/// which a place is left, whoever was sent away would be back first.
async fn take(options: &PgConnectOptions, places: usize, connections: &mut Vec<PgConnection>) -> Result<()> {
    let mut attempts = stream::repeat(()).map(|()| options.connect()).buffer_unordered(AT_ONCE);
    while connections.len() < places {
        match attempts.next().await.context("there is always an attempt")? {
            Ok(connection) => connections.push(connection),
            Err(error) if is_not_yet(&error) => {}
            Err(error) => return Err(error).context("connect to Postgres"),
        }
    }
    Ok(())
}

/// Sends others away until it can't.
async fn send_away(first: &mut PgConnection) -> anyhow::Error {
    loop {
        if let Err(error) = sqlx::query(SEND_AWAY).bind(OURS).execute(&mut *first).await {
            return anyhow::Error::new(error).context("send away the others");
        }
        sleep(LOOK).await;
    }
}

fn is_not_yet(error: &sqlx::Error) -> bool {
    let database = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    database.is_some_and(|error| NOT_YET.contains(&error.code()))
}
