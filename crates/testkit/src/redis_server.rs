//! A Redis or Valkey server.

use std::{ffi::OsString, fs, ops::Deref, time::Duration};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use crate::{
    find,
    home::Home,
    host::Host,
    port::Port,
    process::{Launch, Process},
    protocol::Protocol,
    server::Server,
};

/// Far more than any command of a test or of the demo takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Redis server, or Valkey, that keeps nothing on disk unless it is told to.
#[derive(Debug)]
pub struct Redis {
    server: Server,
}

impl Redis {
    /// Starts it and waits for its `PONG`, some 10 ms.
    ///
    /// # Errors
    /// When no server is to be had or it does not come up; with the end of its log.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// The same with arguments such as `["--appendonly", "yes"]`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(arguments: &[&str]) -> Result<Self> {
        Self::start_on(&Host::default(), arguments).await
    }

    /// The same with a disk or a clock of its own.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_on(host: &Host, arguments: &[&str]) -> Result<Self> {
        let program = find::redis()?;
        let home = Home::new("redis", None, host)?;
        fs::create_dir(home.data()).context("make a directory for its data")?;
        let port = Port::take()?;
        let mut args: Vec<OsString> = vec!["--bind".into(), "127.0.0.1".into()];
        args.extend(["--port".into(), port.number().to_string().into()]);
        args.extend(["--dir".into(), home.data().into()]);
        for (name, default) in [("--save", ""), ("--appendonly", "no")] {
            if !arguments.contains(&name) {
                args.extend([name.into(), default.into()]);
            }
        }
        args.extend(arguments.iter().map(OsString::from));
        let launch = Launch {
            name: String::from("redis-server"),
            program: program.path.clone(),
            args,
            env: host.env(),
            directory: home.path().to_path_buf(),
            user: None,
            stop: Signal::TERM,
            forks: false,
            echo: None,
        };
        let server = Server::start(Process::new(launch), Protocol::Redis, port, home).await?;
        Ok(Self { server })
    }

    /// A connection for a caller's own commands. Patient: the client gives up after 500 ms by default, which is
    /// little on a busy machine, and says nothing about whether the command was executed.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn connect(&self) -> Result<redis::aio::MultiplexedConnection> {
        let config = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let client = redis::Client::open(self.url())?;
        client.get_multiplexed_async_connection_with_config(&config).await.context("connect to Redis")
    }

    /// Full from now on: it refuses whatever needs memory, until [`Self::unfill`].
    ///
    /// # Errors
    /// When the server does not answer, or evicts keys instead.
    pub async fn fill(&self) -> Result<()> {
        let mut connection = self.connect().await?;
        let mut policy = redis::cmd("CONFIG");
        policy.arg("GET").arg("maxmemory-policy");
        let (_, policy): (String, String) = policy.query_async(&mut connection).await?;
        ensure!(policy == "noeviction", "a full Redis with {policy} loses keys and refuses nothing");
        // Less than an empty one takes.
        self.limit_memory(1).await
    }

    /// Takes back the limit of [`Self::fill`].
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn unfill(&self) -> Result<()> {
        self.limit_memory(0).await
    }

    async fn limit_memory(&self, bytes: u64) -> Result<()> {
        let mut limit = redis::cmd("CONFIG");
        limit.arg("SET").arg("maxmemory").arg(bytes);
        limit.exec_async(&mut self.connect().await?).await.context("limit the memory of Redis")
    }

    /// `redis://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        Protocol::Redis.url(self.port())
    }
}

impl Deref for Redis {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}
