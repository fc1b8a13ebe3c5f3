//! A NATS server with JetStream.

use std::{fs, ops::Deref};

use anyhow::{Context, Result};
use rustix::process::Signal;

use crate::{
    find,
    port::Port,
    process::{Launch, Process},
    protocol::Protocol,
    scratch_dir::ScratchDir,
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
        let program = find::nats()?;
        let directory = ScratchDir::get()?.directory("nats")?;
        let port = Port::take()?;
        let conf = directory.path().join("nats.conf");
        // Streams reserve what they may hold; unless told, the server takes the limit from the disk.
        let lines = format!(
            "listen: \"127.0.0.1:{}\"\njetstream {{ store_dir: \"{}\", max_file_store: 64GB }}\n{conf_lines}\n",
            port.number(),
            directory.path().join("store").display(),
        );
        fs::write(&conf, lines).with_context(|| format!("write {}", conf.display()))?;
        let launch = Launch {
            name: String::from("nats-server"),
            program: program.path.clone(),
            args: vec!["-c".into(), conf.into()],
            env: Vec::new(),
            directory: directory.path().to_path_buf(),
            user: None,
            stop: Signal::TERM,
            forks: false,
            echo: None,
        };
        let server = Server::start(Process::new(launch), Protocol::Nats, port, directory).await?;
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
        let store = self.directory().path().join("store");
        fs::remove_dir_all(&store).with_context(|| format!("remove {}", store.display()))?;
        self.restart().await
    }
}

impl Deref for Nats {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}
