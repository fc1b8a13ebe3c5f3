//! A service's connections to Postgres, with a limit on everything that could wait for ever.

use std::{
    io,
    ops::{Deref, DerefMut},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection as _, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use crate::Failure;

/// How long one piece of work on a connection may take, from the first statement to the answer to its commit.
pub const OPERATION_LIMIT: Duration = Duration::from_secs(10);
/// How long to wait for a free connection, or for the server to accept a new one.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(3);
/// How long an idle connection may take to show that it still works.
const PING_LIMIT: Duration = Duration::from_secs(1);
/// A statement that lost a deadlock more often than this goes back to the caller.
const MOST_CONFLICTS: u32 = 5;
/// Each try closes one connection with a stale plan, and a pool has fewer.
const MOST_STALE_PLANS: u32 = 64;

/// The server's own limits, which also end what a client left behind when its host died.
const SERVER_LIMITS: [(&str, &str); 6] = [
    ("statement_timeout", "5s"),
    ("lock_timeout", "3s"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

/// A pool of connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    pool: PgPool,
    options: PgConnectOptions,
}

impl Database {
    /// Describes the pool and connects to nothing yet: services start before their servers. `service` is what
    /// `pg_stat_activity` shows.
    pub fn new(options: PgConnectOptions, service: &str, max_connections: u32) -> Self {
        let options = options.application_name(service);
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(ACQUIRE_LIMIT)
            // The pool's own test has no limit: one connection to a host that vanished would use up all the time.
            .test_before_acquire(false)
            .before_acquire(|connection, _| {
                Box::pin(async { within(PING_LIMIT, connection.ping()).await.map(|()| true) })
            })
            .connect_lazy_with(options.clone().options(SERVER_LIMITS));
        Self { pool, options }
    }

    /// A connection from the pool.
    ///
    /// # Errors
    /// When Postgres is away or all connections are taken for too long.
    pub async fn connection(&self) -> sqlx::Result<Connection> {
        // Boxed, or each future that uses a connection would have room for the making of one.
        Ok(Connection { inner: Box::pin(self.pool.acquire()).await?, released: false })
    }

    /// A transaction on a connection of the pool.
    ///
    /// # Errors
    /// As [`Self::connection`].
    pub async fn begin(&self) -> sqlx::Result<Transaction> {
        let mut connection = self.connection().await?;
        sqlx::raw_sql("begin").execute(&mut *connection).await?;
        Ok(Transaction { connection })
    }

    /// Whether Postgres answers: for readiness.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> sqlx::Result<()> {
        within(ACQUIRE_LIMIT, async {
            let mut connection = self.connection().await?;
            sqlx::query("select 1").execute(&mut *connection).await?;
            connection.release();
            Ok(())
        })
        .await
    }

    /// Closes the pool: what still asks for a connection gets an error at once.
    pub async fn close(&self) {
        // The connections' goodbyes are a courtesy: a server that is away must not hold up the end.
        let _ = timeout(ACQUIRE_LIMIT, self.pool.close()).await;
    }

    /// A connection of its own without the limits, which a long migration would exceed.
    pub(crate) async fn unlimited(&self) -> sqlx::Result<PgConnection> {
        within(ACQUIRE_LIMIT, Box::pin(self.options.connect())).await
    }
}

/// A connection on loan from the pool. Dropped without [`release`](Self::release), because of an error or because
/// its user was cut off, it is closed: in the pool it would first await an answer that may never come.
#[derive(Debug)]
pub struct Connection {
    inner: PoolConnection<Postgres>,
    released: bool,
}

impl Connection {
    /// Gives the connection back in good order.
    pub fn release(mut self) {
        self.released = true;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.released {
            self.inner.close_on_drop();
        }
    }
}

impl Deref for Connection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}

/// A transaction that owns its connection, unlike sqlx's: dropped without an end it is closed with it, and Postgres rolls it
/// back, where sqlx would put a rollback before the next user's first statement.
#[derive(Debug)]
#[must_use = "dropped, it is rolled back"]
pub struct Transaction {
    connection: Connection,
}

impl Transaction {
    /// Makes what was done last, and gives the connection back.
    ///
    /// # Errors
    /// What Postgres answers. It is ambiguous: what was done may last all the same.
    pub async fn commit(self) -> sqlx::Result<()> {
        self.end("commit").await
    }

    /// Undoes what was done, and gives the connection back.
    ///
    /// # Errors
    /// What Postgres answers. What was done does not last in any case.
    pub async fn rollback(self) -> sqlx::Result<()> {
        self.end("rollback").await
    }

    async fn end(mut self, how: &'static str) -> sqlx::Result<()> {
        sqlx::raw_sql(how).execute(&mut *self.connection).await?;
        self.connection.release();
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

/// Does `work`, each time within [`OPERATION_LIMIT`], and again at once as long as it loses deadlocks or meets
/// connections that prepared its statements before a table changed.
///
/// # Errors
/// What Postgres answers; `Io` with `TimedOut` when it does not. [`Failure::of`] says what to do about it.
pub async fn retry_conflicts<T, F>(mut work: impl FnMut() -> F) -> sqlx::Result<T>
where
    F: Future<Output = sqlx::Result<T>>,
{
    let (mut conflicts, mut stale_plans) = (0, 0);
    loop {
        let answer = within(OPERATION_LIMIT, work()).await;
        match answer.as_ref().map_err(Failure::of) {
            Err(Failure::Conflict) if conflicts < MOST_CONFLICTS => conflicts += 1,
            Err(Failure::StalePlan) if stale_plans < MOST_STALE_PLANS => stale_plans += 1,
            _ => return answer,
        }
    }
}

/// Does `work` once, within `limit`.
///
/// # Errors
/// What Postgres answers; `Io` with `TimedOut` when it does not.
pub async fn within<T>(limit: Duration, work: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    timeout(limit, work).await.unwrap_or_else(|_elapsed| {
        let text = format!("Postgres did not answer within {limit:?}");
        Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, text)))
    })
}
