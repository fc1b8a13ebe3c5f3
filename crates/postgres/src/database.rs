//! A service's connections to Postgres, with a limit on everything that could wait for ever.

use std::{
    io,
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{
    ConnectOptions, Connection as _, PgConnection, PgPool, Postgres, pool::PoolConnection,
    postgres::PgPoolOptions,
};
use tokio::time::timeout;

use crate::{Failure, hosts::Hosts};

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

/// The server's own limits, which also end what a client left behind when its host died, and the isolation that the
/// statements are written for, whatever the database has: one that waited for a row sees what it has become. Set once a connection is open:
/// a pooler in front refuses them as start-up parameters, or drops them without a word.
const SERVER_LIMITS: &str = "set statement_timeout = '5s'; set lock_timeout = '3s';
     set idle_in_transaction_session_timeout = '30s';
     set default_transaction_isolation = 'read committed';
     set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3";

/// A pool of connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    pool: PgPool,
    hosts: Arc<Hosts>,
    moved: Arc<Moved>,
}

/// Where the pool connects to. Connections that are older than the last move are of a server that is no longer ours.
#[derive(Debug)]
struct Moved {
    host: AtomicUsize,
    at: Mutex<Option<Instant>>,
}

impl Moved {
    fn is_since(&self, age: Duration) -> bool {
        let at = *self.at.lock().unwrap_or_else(PoisonError::into_inner);
        at.is_some_and(|at| age >= at.elapsed())
    }
}

impl Database {
    /// Describes the pool and connects to nothing yet: services start before their servers. `service` is what
    /// `pg_stat_activity` shows. One of `max_connections` is for the watch of [`open()`](crate::open()).
    pub fn new(hosts: Hosts, service: &str, max_connections: u32) -> Self {
        // A start-up parameter that poolers refuse, for a text form of numbers that nothing here uses.
        let hosts = hosts.map(|options| options.application_name(service).extra_float_digits(None));
        let moved = Arc::new(Moved { host: AtomicUsize::new(0), at: Mutex::default() });
        let last_move = Arc::clone(&moved);
        let pool = PgPoolOptions::new()
            .max_connections(max_connections.saturating_sub(1).max(1))
            .acquire_timeout(ACQUIRE_LIMIT)
            // The pool's own test has no limit: one connection to a host that vanished would use up all the time.
            .test_before_acquire(false)
            .before_acquire(move |connection, known| {
                let is_of_another_server = last_move.is_since(known.age);
                Box::pin(async move {
                    if is_of_another_server {
                        return Ok(false);
                    }
                    within(PING_LIMIT, connection.ping()).await.map(|()| true)
                })
            })
            .after_connect(|connection, _| Box::pin(async { set_limits(connection).await }))
            .connect_lazy_with(hosts.get(0).clone());
        Self { pool, hosts: Arc::new(hosts), moved }
    }

    /// How many hosts there are to choose from.
    pub(crate) fn hosts(&self) -> usize {
        self.hosts.count()
    }

    /// Has the pool connect to this host from now on, and drop the connections that it has as they come back. Called by the
    /// watch, also when another server has taken the host's name.
    pub(crate) fn move_to(&self, host: usize) {
        self.moved.host.store(host, Ordering::Relaxed);
        self.pool.set_connect_options(self.hosts.get(host).clone());
        *self.moved.at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// A connection to this host, beside the pool.
    pub(crate) async fn open(&self, host: usize) -> sqlx::Result<PgConnection> {
        let mut connection = Box::pin(self.hosts.get(host).connect()).await?;
        set_limits(&mut connection).await?;
        Ok(connection)
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

    /// Closes the pool: what still asks for a connection gets an error at once.
    pub async fn close(&self) {
        // The connections' goodbyes are a courtesy: a server that is away must not hold up the end.
        let _ = timeout(ACQUIRE_LIMIT, self.pool.close()).await;
    }

    /// A connection of its own without the limits, which a long migration would exceed.
    pub(crate) async fn unlimited(&self) -> sqlx::Result<PgConnection> {
        let host = self.hosts.get(self.moved.host.load(Ordering::Relaxed));
        within(ACQUIRE_LIMIT, Box::pin(host.connect())).await
    }
}

async fn set_limits(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::raw_sql(SERVER_LIMITS).execute(connection).await.map(drop)
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
