//! What works of the database, seen over a connection of its own: one of the pool's would have to wait for those of the
//! requests, and a replica that is only busy would leave together with all others.

use std::time::{Duration, Instant};

use process::health::{Dependency, Health, Needed};
use sqlx::PgConnection;

use crate::{Database, within};

/// Longest wait for one look.
const LIMIT: Duration = Duration::from_secs(3);
/// After so long the connection is opened anew: the host's name may lead to another server by now.
const RECONNECT: Duration = Duration::from_secs(10);

/// Keeps the readiness of `postgres`, without which nothing can be done, and of `postgres for writing`, without which
/// reads still are.
#[derive(Debug)]
pub(crate) struct Watch {
    database: Database,
    connection: Option<(PgConnection, Instant)>,
    /// The server that was there at the last look.
    server: Option<Server>,
    reading: Dependency,
    writing: Dependency,
}

/// Which server answers: the number of its host, and when it started.
type Server = (usize, String);

/// What a look finds.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
struct Seen {
    started: String,
    read_only: bool,
    /// Tables that this role may not read.
    unreadable: Vec<String>,
    /// Tables that this role may not write to.
    unwritable: Vec<String>,
}

impl Watch {
    pub(crate) fn new(database: Database, health: &Health) -> Self {
        let reading = health.register_dependency("postgres", Needed::Always);
        let writing = health.register_dependency("postgres for writing", Needed::ToBegin);
        Self { database, connection: None, server: None, reading, writing }
    }

    /// Says why nothing works yet, and finds the host that takes writes if there are several. Called until the schema is
    /// there.
    pub(crate) async fn not_yet(&mut self, reason: String) {
        self.reading.set_unready(reason);
        if self.see().await.is_err() {
            self.connection = None;
        }
    }

    /// Looks once, at every host if need be.
    pub(crate) async fn look(&mut self) {
        match self.see().await {
            Ok(seen) => {
                tell(&self.reading, &seen.unreadable, "may not read");
                if seen.read_only {
                    self.writing.set_unready("the server is read-only");
                } else {
                    tell(&self.writing, &seen.unwritable, "may not write to");
                }
            }
            Err(error) => {
                self.connection = None;
                self.reading.set_unready(error.to_string());
                self.writing.set_unready(error.to_string());
            }
        }
    }

    async fn see(&mut self) -> sqlx::Result<Seen> {
        if let Some((connection, opened)) = &mut self.connection
            && opened.elapsed() < RECONNECT
        {
            let seen = within(LIMIT, seen(connection)).await?;
            // A server that is read-only by now may have a successor on another host.
            if !seen.read_only || self.database.hosts() == 1 {
                return Ok(seen);
            }
        }
        self.connect().await
    }

    /// Connects to the first host that takes writes, or else to the first that answers, and has the pool do so too.
    async fn connect(&mut self) -> sqlx::Result<Seen> {
        self.connection = None;
        let first = self.server.as_ref().map_or(0, |(host, _)| *host);
        let mut second_best = None;
        let mut failure = None;
        for host in (0..self.database.hosts()).map(|nth| (first + nth) % self.database.hosts()) {
            match within(LIMIT, self.open(host)).await {
                Ok((connection, seen)) if !seen.read_only => return Ok(self.settle(host, connection, seen)),
                Ok((connection, seen)) => drop(second_best.get_or_insert((host, connection, seen))),
                Err(error) => failure = Some(error),
            }
        }
        match (second_best, failure) {
            (Some((host, connection, seen)), _) => Ok(self.settle(host, connection, seen)),
            (None, failure) => Err(failure.unwrap_or(sqlx::Error::PoolClosed)),
        }
    }

    async fn open(&self, host: usize) -> sqlx::Result<(PgConnection, Seen)> {
        let mut connection = self.database.open(host).await?;
        let seen = seen(&mut connection).await?;
        Ok((connection, seen))
    }

    fn settle(&mut self, host: usize, connection: PgConnection, seen: Seen) -> Seen {
        self.connection = Some((connection, Instant::now()));
        let server = (host, seen.started.clone());
        if self.server.as_ref().is_some_and(|before| *before != server) || self.server.is_none() && host != 0
        {
            tracing::info!("Postgres is another server now, host {host} of DATABASE_URL");
            self.database.move_to(host);
        }
        self.server = Some(server);
        seen
    }
}

async fn seen(connection: &mut PgConnection) -> sqlx::Result<Seen> {
    sqlx::query_as(
        "select pg_postmaster_start_time()::text as started,
                current_setting('transaction_read_only') = 'on' as read_only,
                coalesce(array_agg(relname::text order by relname)
                         filter (where not has_table_privilege(oid, 'select')), '{}') as unreadable,
                coalesce(array_agg(relname::text order by relname) filter (
                  where not (has_table_privilege(oid, 'insert') and has_table_privilege(oid, 'update')
                             and has_table_privilege(oid, 'delete'))), '{}') as unwritable
         from pg_class where relkind in ('r', 'p') and relnamespace = to_regnamespace(current_schema())",
    )
    .fetch_one(connection)
    .await
}

fn tell(dependency: &Dependency, tables: &[String], what: &str) {
    if tables.is_empty() {
        dependency.set_ready();
    } else {
        dependency.set_unready(format!("this role {what} {}", tables.join(", ")));
    }
}
