//! A NATS server with JetStream.

use std::{fs, ops::Deref};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use crate::{
    find,
    home::Home,
    host::Host,
    paths,
    port::Port,
    process::{Launch, Process},
    protocol::Protocol,
    server::Server,
};

/// A NATS server with JetStream and a store of its own.
#[derive(Debug)]
pub struct Nats {
    server: Server,
}

impl Nats {
    /// Starts it and waits until JetStream answers, some 20 ms.
    ///
    /// # Errors
    /// When no server is to be had or it does not come up; with the end of its log.
    pub async fn start() -> Result<Self> {
        Self::start_with("").await
    }

    /// The same with lines of its configuration file, such as `max_payload: 2MB`.
    ///
    /// Port, address and store are given already, and JetStream has to be open to a client without a password.
    ///
    /// # Errors
    /// As [`Self::start`]; a mistake in the lines is shown in the log.
    pub async fn start_with(conf_lines: &str) -> Result<Self> {
        Self::start_on(&Host::default(), conf_lines).await
    }

    /// The same with a disk of its own. A clock of its own it can't have: it asks the kernel for the time.
    ///
    /// # Errors
    /// As [`Self::start`], and when it is given a clock.
    pub async fn start_on(host: &Host, conf_lines: &str) -> Result<Self> {
        ensure!(host.clock().is_none(), "nats-server can't be given another time");
        let program = find::nats()?;
        let home = Home::new("nats", None, host)?;
        let port = Port::take()?;
        let conf = home.path().join("nats.conf");
        // Streams reserve what they may hold; unless told, the server takes the limit from the disk.
        let lines = format!(
            "listen: \"127.0.0.1:{}\"\njetstream {{ store_dir: \"{}\", max_file_store: 64GB }}\n{conf_lines}\n",
            port.number(),
            home.data().display(),
        );
        fs::write(&conf, lines).with_context(|| format!("write {}", conf.display()))?;
        let launch = Launch {
            name: String::from("nats-server"),
            program: program.path.clone(),
            args: vec!["-c".into(), conf.into()],
            env: Vec::new(),
            directory: home.path().to_path_buf(),
            user: None,
            stop: Signal::TERM,
            forks: false,
            echo: None,
        };
        let server = Server::start(Process::new(launch), Protocol::Nats, port, home).await?;
        Ok(Self { server })
    }

    /// `nats://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        Protocol::Nats.url(self.port())
    }

    /// Kills it, removes every stream and consumer, and starts it again on the same port.
    ///
    /// # Errors
    /// As [`Server::restart`].
    pub async fn wipe_and_restart(&self) -> Result<()> {
        self.kill().await?;
        paths::remove(self.home().data())?;
        self.restart().await
    }
}

impl Deref for Nats {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}
