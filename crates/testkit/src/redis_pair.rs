//! A Redis and its replica behind one address, and the failover between them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};

use crate::{Cut, Redis, Relay, poll};

const FOLLOWED: Duration = Duration::from_secs(60);

/// Two Redis servers, one of which follows the other. Replication is asynchronous: what the primary acknowledged and the
/// replica has not got yet is lost in a failover.
#[derive(Debug)]
pub struct RedisPair {
    servers: [Redis; 2],
    /// Which of them is the primary.
    primary: AtomicUsize,
    /// Clients come this way, and go where it points.
    front: Relay,
    /// The replica follows the primary this way.
    link: Relay,
}

impl RedisPair {
    /// Starts both with these arguments, as [`Redis::start_with`], and waits until the second follows the first.
    ///
    /// # Errors
    /// As [`Redis::start`], and when the second does not follow.
    pub async fn start_with(arguments: &[&str]) -> Result<Self> {
        // Without it a replica that comes waits some seconds for others that might come too.
        let both = [arguments, &["--repl-diskless-sync-delay", "0"]].concat();
        let (one, other) = tokio::try_join!(Redis::start_with(&both), Redis::start_with(&both))?;
        let (front, link) = (Relay::to(one.port()).await?, Relay::to(one.port()).await?);
        let pair = Self { servers: [one, other], primary: AtomicUsize::new(0), front, link };
        pair.rejoin().await?;
        Ok(pair)
    }

    /// The server that takes what is written.
    pub fn primary(&self) -> &Redis {
        &self.servers[self.primary.load(Ordering::Relaxed)]
    }

    /// The other one.
    pub fn replica(&self) -> &Redis {
        &self.servers[1 - self.primary.load(Ordering::Relaxed)]
    }

    /// `redis://127.0.0.1:<port>`, the same over a failover.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.front.port())
    }

    /// The replica falls behind from now on: it is the lag of the failover that comes next.
    pub fn hold_back(&self) {
        self.link.cut(Cut::Both);
    }

    /// How many bytes the replica is behind.
    ///
    /// # Errors
    /// When one of them does not say how far it has come.
    pub async fn behind(&self) -> Result<u64> {
        let (primary, replica) = (self.primary().connect().await?, self.replica().connect().await?);
        let has = field(&replication(replica).await?, "slave_repl_offset")?;
        Ok(field(&replication(primary).await?, "master_repl_offset")?.saturating_sub(has))
    }

    /// Makes the replica the primary, with what it has got so far, and leads clients there. The last primary is cut off
    /// and knows nothing of it.
    ///
    /// # Errors
    /// When the replica does not answer.
    pub async fn fail_over(&self) -> Result<()> {
        self.hold_back();
        let replica = self.replica();
        let mut connection = replica.connect().await?;
        let mut promote = redis::cmd("REPLICAOF");
        promote.arg("NO").arg("ONE").exec_async(&mut connection).await.context("promote the replica")?;
        self.primary.fetch_xor(1, Ordering::Relaxed);
        self.front.repoint(self.primary().port());
        Ok(())
    }

    /// The other server follows the primary, after a failover or a restart, and gives up what only it has. Waits until it
    /// has all that the primary has.
    ///
    /// # Errors
    /// When it does not follow.
    pub async fn rejoin(&self) -> Result<()> {
        let replica = self.replica();
        if !replica.is_running() {
            replica.restart().await?;
        }
        self.link.repoint(self.primary().port());
        self.link.heal().await?;
        let mut connection = replica.connect().await?;
        let mut follow = redis::cmd("REPLICAOF");
        follow.arg("127.0.0.1").arg(self.link.port());
        follow.exec_async(&mut connection).await.context("have the replica follow")?;
        self.caught_up().await
    }

    /// Waits until the replica has all that the primary has by now.
    ///
    /// # Errors
    /// When it does not within a minute.
    pub async fn caught_up(&self) -> Result<()> {
        let (primary, replica) = (self.primary().connect().await?, self.replica().connect().await?);
        let target = field(&replication(primary).await?, "master_repl_offset")?;
        let caught_up = poll(FOLLOWED, async || {
            let state = replication(replica.clone()).await.map_err(|error| format!("{error:#}"))?;
            let reached = field(&state, "slave_repl_offset").is_ok_and(|offset| offset >= target);
            if reached && state.contains("master_link_status:up") { Ok(()) } else { Err(state) }
        });
        caught_up.await.map_err(|last| anyhow!("the replica does not catch up with {target}: {last}"))
    }
}

async fn replication(mut connection: redis::aio::MultiplexedConnection) -> Result<String> {
    let mut info = redis::cmd("INFO");
    info.arg("replication").query_async(&mut connection).await.context("ask how replication stands")
}

/// A number of `INFO`.
fn field(info: &str, name: &str) -> Result<u64> {
    let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.and_then(|value| value.trim().parse().ok()).with_context(|| format!("INFO has no {name}"))
}
