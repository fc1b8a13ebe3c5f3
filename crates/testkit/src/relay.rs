//! A TCP relay between a client and a server, that makes the network between them bad.
//!
//! A cut is silence: nothing arrives, not even the end of a connection, and what was sent meanwhile arrives when the cut
//! is healed, as TCP's retransmissions would. Two things differ from a real network: a connection that is opened during a
//! cut, or while the server is down, is accepted first (it stays silent, or is reset).

mod condition;
mod connection;
mod counters;
mod line;
mod listener;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use tokio::{sync::watch, task::JoinHandle};

use crate::port::Port;
pub use condition::Cut;
use condition::{Condition, Loss};
pub use counters::Counters;
use counters::Tally;

/// A running relay; dropped, it closes its connections.
#[derive(Debug)]
pub struct Relay {
    port: Port,
    condition: watch::Sender<Condition>,
    listening: watch::Receiver<bool>,
    tally: Arc<Tally>,
    accepting: JoinHandle<()>,
}

impl Relay {
    /// Starts one in front of the server that listens, or will, on this port of loopback.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn to(upstream: u16) -> Result<Self> {
        let port = Port::take()?;
        let (condition, watched) = watch::channel(Condition::good(upstream));
        let (open, listening) = watch::channel(false);
        let tally = Arc::<Tally>::default();
        let accepting = tokio::spawn(listener::run(port.number(), watched, open, Arc::clone(&tally)));
        let relay = Self { port, condition, listening, tally, accepting };
        relay.listens(true).await?;
        Ok(relay)
    }

    /// The port on loopback for the clients, the same all the time.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The address of a server with this port in place of the server's own.
    pub fn url(&self, of_server: &str) -> String {
        let upstream = self.condition.borrow().upstream;
        of_server.replacen(&format!("127.0.0.1:{upstream}"), &format!("127.0.0.1:{}", self.port()), 1)
    }

    /// From now on nothing comes through in this direction, besides those that are cut already, on old connections and on
    /// new ones.
    pub fn cut(&self, cut: Cut) {
        self.condition.send_modify(|condition| condition.cut(cut));
    }

    /// Each piece of data takes this much longer in each direction, and the line has this bandwidth, if one is given.
    pub fn slow_down(&self, latency: Duration, bytes_per_second: Option<u64>) {
        self.condition.send_modify(|condition| {
            condition.latency = latency;
            condition.bytes_per_second = bytes_per_second;
        });
    }

    /// One piece of data in so many is lost and stalls what comes after it until TCP would have sent it again, 200 ms
    /// later, or more when that is lost too. Which ones follows from the seed.
    pub fn lose(&self, one_in: u32, seed: u64) {
        self.condition.send_modify(|condition| condition.loss = Some(Loss { one_in: one_in.max(2), seed }));
    }

    /// Resets every connection that is open.
    pub fn reset(&self) {
        self.condition.send_modify(|condition| condition.resets += 1);
    }

    /// Resets every connection and refuses new ones, as the machine of a process that is gone does.
    ///
    /// # Errors
    /// When the relay itself has failed.
    pub async fn refuse(&self) -> Result<()> {
        self.condition.send_modify(|condition| {
            condition.refuses = true;
            condition.resets += 1;
        });
        self.listens(false).await
    }

    /// Ends every trouble: what was held back arrives, and connections are accepted.
    ///
    /// # Errors
    /// When it can't listen again.
    pub async fn heal(&self) -> Result<()> {
        self.condition.send_modify(|condition| *condition = condition.healed());
        self.listens(true).await
    }

    /// From now on the server is the one on this port; connections to the last one are reset.
    pub fn repoint(&self, upstream: u16) {
        self.condition.send_modify(|condition| {
            condition.upstream = upstream;
            condition.resets += 1;
        });
    }

    /// What came through and what did not, since the start.
    pub fn counters(&self) -> Counters {
        self.tally.counters()
    }

    async fn listens(&self, yes: bool) -> Result<()> {
        let mut listening = self.listening.clone();
        listening.wait_for(|now| *now == yes).await.context("the relay has failed")?;
        Ok(())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Its connections go with it.
        self.accepting.abort();
    }
}
