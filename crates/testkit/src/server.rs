//! What the three servers have in common: a port, a directory, a process and a protocol to ask whether it is ready.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};

use crate::{home::Home, port::Port, process::Process, protocol::Protocol, snapshot::Snapshot};

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
    home: Home,
}

impl Server {
    pub(crate) async fn start(process: Process, protocol: Protocol, port: Port, home: Home) -> Result<Self> {
        let server = Self { process, protocol, port, home };
        server.run().await?;
        Ok(server)
    }

    async fn run(&self) -> Result<()> {
        self.start_again()?;
        self.ready().await
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
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

    /// Starts it again on the same port with the same data and does not wait until it is ready, see [`Self::ready`]:
    /// for one that can't be before another is.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start_again(&self) -> Result<()> {
        self.process.start()
    }

    /// Waits until it answers.
    ///
    /// # Errors
    /// When it ends instead, or does not answer within a minute; with the end of its log.
    pub async fn ready(&self) -> Result<()> {
        self.process.ready(READY, async || self.protocol.probe(self.port()).await).await
    }

    /// Copies its files: what `kill -9` would leave of it at this instant. A running server stands still meanwhile.
    ///
    /// # Errors
    /// When it can't be paused, or its files can't be copied.
    pub async fn snapshot_files(&self) -> Result<Snapshot> {
        let goes_on = self.is_running() && !self.process.is_paused();
        if goes_on {
            self.pause()?;
        }
        let snapshot = Snapshot::of(self.home.data()).await;
        if goes_on {
            self.resume()?;
        }
        snapshot.with_context(|| format!("copy the files of {}", self.process.name()))
    }

    /// Kills it, puts an older copy of its files in their place, as a restore from a backup does, and starts it again.
    ///
    /// # Errors
    /// As [`Self::restart`], and when the files can't be copied.
    pub async fn restore_files(&self, older: &Snapshot) -> Result<()> {
        self.kill().await?;
        let restored = older.put_back(self.home.data(), self.home.user).await;
        restored.with_context(|| format!("put back the files of {}", self.process.name()))?;
        self.restart().await
    }

    /// Where its data is, for a test that exchanges single files of it while it is down.
    pub fn data_directory(&self) -> &Path {
        self.home.data()
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
