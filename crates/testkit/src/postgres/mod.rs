//! A Postgres server, also when we are root, whom it refuses.

mod install;
mod occupied;
pub(crate) mod pair;
mod shared;
mod template;

use std::{
    ffi::OsString,
    ops::Deref,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, Result};
pub use occupied::Occupied;
use rustix::process::Signal;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

use crate::{
    find,
    home::Home,
    host::Host,
    port::Port,
    process::{Launch, Process},
    protocol::Protocol,
    server::Server,
    user::User,
};

/// A Postgres server on TCP only, with the superuser `postgres` and no password on loopback.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
}

/// A database of its own on a [`Postgres`], and gone with it.
#[derive(Clone, Debug)]
pub struct Database {
    pub(crate) url: String,
}

impl Postgres {
    /// Starts one that does not wait for the disk: its data survives `kill -9`, not a power cut.
    ///
    /// # Errors
    /// When no server is to be had or it does not come up; with the end of its log.
    pub async fn start() -> Result<Self> {
        Self::start_with(&["fsync=off"]).await
    }

    /// Starts one that waits for the disk as in production, for measurements.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_durable() -> Result<Self> {
        Self::start_with(&["fsync=on"]).await
    }

    /// The one server of this test process, started at the first call and killed with the process. Each caller takes
    /// a [`Postgres::database`] of its own; who stops or kills its server starts its own instead.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<Postgres> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// Starts one with settings such as `max_connections=20`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(settings: &[&str]) -> Result<Self> {
        Self::start_on(&Host::default(), settings).await
    }

    /// The same with a disk or a clock of its own.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_on(host: &Host, settings: &[&str]) -> Result<Self> {
        let program = find::postgres()?;
        let user = User::for_postgres()?;
        let bin = install::reachable(program, user)?;
        let home = Home::new("postgres", user, host)?;
        template::copy(&bin, &program.version, user, home.data())?;
        let port = Port::take()?;
        let mut args: Vec<OsString> =
            vec!["-D".into(), home.data().into(), "-p".into(), port.number().to_string().into()];
        let fixed = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300"];
        for setting in fixed.iter().chain(settings) {
            args.extend(["-c".into(), setting.into()]);
        }
        let mut env = host.env();
        env.extend([("LC_ALL".into(), "C".into()), ("TZ".into(), "UTC".into())]);
        let launch = Launch {
            name: String::from("postgres"),
            program: bin.join("postgres"),
            args,
            env,
            directory: home.path().to_path_buf(),
            user,
            // Fast shutdown: SIGTERM waits until every client has gone by itself.
            stop: Signal::INT,
            forks: true,
            echo: None,
        };
        let server = Server::start(Process::new(launch), Protocol::Postgres, port, home).await?;
        Ok(Self { server })
    }

    /// Makes an empty database with a name of its own.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub async fn database(&self) -> Result<Database> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        self.database_named(&format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed))).await
    }

    /// Makes an empty database of this name, which is an identifier in SQL.
    ///
    /// # Errors
    /// As [`Self::database`].
    pub async fn database_named(&self, name: &str) -> Result<Database> {
        let mut admin = PgConnection::connect(&self.url()).await.context("connect to Postgres")?;
        // template0 never has a connection, and one to the template would refuse this.
        let create = format!("CREATE DATABASE {name} TEMPLATE template0");
        sqlx::query(AssertSqlSafe(create)).execute(&mut admin).await.context("create a database")?;
        admin.close().await.context("close the connection to Postgres")?;
        Ok(Database { url: format!("postgres://postgres@127.0.0.1:{}/{name}", self.port()) })
    }

    /// Takes every connection that it has, those of its clients included, until the answer is dropped: whoever comes
    /// meanwhile is refused with "too many clients already".
    ///
    /// # Errors
    /// When the server can't be reached, or its clients are back faster than they can be sent away.
    pub async fn occupy(&self) -> Result<Occupied> {
        Occupied::take(&self.url()).await
    }

    /// The server's own database `postgres`, for looking at the server; a test's tables go into its
    /// [`Postgres::database`].
    pub fn url(&self) -> String {
        Protocol::Postgres.url(self.port())
    }
}

impl Database {
    /// `postgres://postgres@127.0.0.1:<port>/<name>`
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Deref for Postgres {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}
