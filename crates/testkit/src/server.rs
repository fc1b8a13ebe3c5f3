//! What the three servers have in common: a port, a directory, a process and a protocol to ask whether it is ready.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::{port::Port, process::Process, protocol::Protocol, scratch_dir::Directory};

/// Longer than any of them needs on a loaded machine.
const READY: Duration = Duration::from_secs(60);
const STOPPED: Duration = Duration::from_secs(20);

/// A real server on a port of its own. Killed, with its data removed, when it is dropped or this process dies.
#[derive(Debug)]
pub struct Server {
    // Fields are dropped in this order: the process before what it uses.
    process: Process,
    protocol: Protocol,
    port: Port,
    directory: Directory,
}

impl Server {
    pub(crate) async fn start(
        process: Process,
        protocol: Protocol,
        port: Port,
        directory: Directory,
    ) -> Result<Self> {
        let server = Self { process, protocol, port, directory };
        server.run().await?;
        Ok(server)
    }

    async fn run(&self) -> Result<()> {
        self.process.start()?;
        self.process.ready(READY, async || self.protocol.probe(self.port()).await).await
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The TCP port on loopback, the same over all restarts.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Stops it in an orderly way and waits for its end; its data stays.
    ///
    /// # Errors
    /// When it has to be killed because it does not stop.
    pub async fn stop(&self) -> Result<()> {
        self.process.stop(STOPPED).await
    }

    /// `kill -9`, as a power cut for this server alone, and waits until nothing of it is left; its data stays.
    ///
    /// # Errors
    /// When part of it survives.
    pub async fn kill(&self) -> Result<()> {
        self.process.kill()
    }

    /// Stops it where it is, as `kill -STOP` does: it accepts connections and answers none.
    ///
    /// # Errors
    /// When it is not running.
    pub fn pause(&self) -> Result<()> {
        self.process.pause()
    }

    /// Lets it go on after [`Self::pause`].
    ///
    /// # Errors
    /// When it is not running.
    pub fn resume(&self) -> Result<()> {
        self.process.resume()
    }

    /// Starts it again on the same port with the same data, after [`Self::stop`] when it is running, and waits until
    /// it is ready.
    ///
    /// # Errors
    /// When it does not come up; with the end of its log.
    pub async fn restart(&self) -> Result<()> {
        self.stop().await?;
        self.run().await.context("start it again")
    }

    /// The number of its process, or of the last one when it is not running.
    pub fn pid(&self) -> u32 {
        self.process.pid().unwrap_or_default()
    }

    /// Whether its process is there, paused or not.
    pub fn is_running(&self) -> bool {
        self.process.is_running()
    }

    /// All that it wrote so far.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
