//! A Redis and its replica, watched by three Sentinels, which decide by themselves who is the primary.

mod sentinel;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{interval, timeout},
};

use crate::{Cut, Redis, Relay, Server, poll};

/// Two miss a primary before they do anything about it.
const SENTINELS: usize = 3;
/// They tell each other of themselves every 2 s, and a failover takes some seconds.
const KNOWN: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);
const ANSWER: Duration = Duration::from_secs(1);

/// Two Redis servers, of which Sentinel makes the replica the primary when it can't reach the primary. The servers and the
/// Sentinels reach each server through a relay, its door; clients have a way of their own, which follows the primary.
#[derive(Debug)]
pub struct SentinelGroup {
    following: JoinHandle<()>,
    sentinels: Vec<Server>,
    servers: [Redis; 2],
    doors: [Relay; 2],
    front: Arc<Relay>,
    /// The number of the server that is the primary, as far as Sentinel says.
    leads: watch::Receiver<usize>,
}

impl SentinelGroup {
    /// Starts all five with these arguments for the servers, as [`Redis::start_with`], and waits until the Sentinels know
    /// each other and the replica, some 5 s.
    ///
    /// # Errors
    /// As [`Redis::start`], and when the server that was found is no Sentinel.
    pub async fn start_with(arguments: &[&str]) -> Result<Self> {
        // Which server a door leads to is known when there is one.
        let doors = [Relay::to(0).await?, Relay::to(0).await?];
        let ports = [doors[0].port(), doors[1].port()];
        let start = async |announced: u16| {
            let announced = announced.to_string();
            // Whoever asks a server where its replica is gets the address of the door.
            let more = ["--repl-diskless-sync-delay", "0", "--replica-announce-port", announced.as_str()];
            Redis::start_with(&[arguments, &more].concat()).await
        };
        let (one, other) = tokio::try_join!(start(ports[0]), start(ports[1]))?;
        doors[0].repoint(one.port());
        doors[1].repoint(other.port());
        follow(&other, ports[0]).await?;
        let front = Arc::new(Relay::to(one.port()).await?);
        let mut sentinels = Vec::new();
        for _ in 0..SENTINELS {
            sentinels.push(sentinel::start(ports[0]).await.context("start a Sentinel")?);
        }
        let (leads_now, leads) = watch::channel(0);
        let view = View {
            sentinels: sentinels.iter().map(Server::port).collect(),
            doors: ports,
            servers: [one.port(), other.port()],
        };
        let following = tokio::spawn(view.follow(Arc::clone(&front), leads_now));
        let group = Self { following, sentinels, servers: [one, other], doors, front, leads };
        group.complete().await?;
        Ok(group)
    }

    /// The number of the server that is the primary.
    pub fn leader(&self) -> usize {
        *self.leads.borrow()
    }

    /// The server with this number, 0 or 1.
    pub fn server(&self, number: usize) -> &Redis {
        &self.servers[number]
    }

    /// `redis://127.0.0.1:<port>`, the same over a failover.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.front.port())
    }

    /// Nobody but its clients reaches the primary any more: it goes on taking what they write, and loses that when
    /// Sentinel has made the other one the primary.
    pub fn cut_off_primary(&self) {
        self.doors[self.leader()].cut(Cut::Both);
    }

    /// Every server can be reached again, and Sentinel puts in order what it finds.
    ///
    /// # Errors
    /// When a relay has failed.
    pub async fn heal(&self) -> Result<()> {
        for door in &self.doors {
            door.heal().await?;
        }
        Ok(())
    }

    /// Waits until Sentinel has made another server the primary than this one, and clients are led there.
    ///
    /// # Errors
    /// When it does not within a minute.
    pub async fn failed_over_from(&self, last: usize) -> Result<()> {
        let mut leads = self.leads.clone();
        let another = timeout(KNOWN, leads.wait_for(|now| *now != last)).await;
        another
            .with_context(|| format!("server {last} is the primary still"))?
            .context("the group is gone")?;
        Ok(())
    }

    /// Waits until every Sentinel knows the others, and the replica follows the primary.
    ///
    /// # Errors
    /// When it does not within a minute.
    pub async fn complete(&self) -> Result<()> {
        for each in &self.sentinels {
            let complete = poll(KNOWN, async || {
                let state = sentinel::state(each.port()).await.map_err(|error| format!("{error:#}"))?;
                if state.others + 1 >= SENTINELS && state.replica_follows {
                    Ok(())
                } else {
                    Err(format!("{state:?}"))
                }
            });
            complete.await.map_err(|last| anyhow!("the Sentinels do not get ready: {last}"))?;
        }
        Ok(())
    }
}

impl Drop for SentinelGroup {
    fn drop(&mut self) {
        self.following.abort();
    }
}

/// Whom to ask, and what the answers mean.
struct View {
    sentinels: Vec<u16>,
    doors: [u16; 2],
    servers: [u16; 2],
}

impl View {
    /// Leads clients to whomever Sentinel says is the primary; until it is aborted.
    async fn follow(self, front: Arc<Relay>, leads: watch::Sender<usize>) {
        let mut again = interval(LOOK);
        loop {
            again.tick().await;
            let Some(now) = self.leader().await else { continue };
            if *leads.borrow() != now {
                front.repoint(self.servers[now]);
                leads.send_replace(now);
            }
        }
    }

    /// What more than half of them say.
    async fn leader(&self) -> Option<usize> {
        let mut votes = [0, 0];
        for port in &self.sentinels {
            let answer = timeout(ANSWER, sentinel::primary(*port)).await;
            let Ok(Ok(door)) = answer else { continue };
            if let Some(number) = self.doors.iter().position(|known| *known == door) {
                votes[number] += 1;
            }
        }
        votes.iter().position(|votes| votes * 2 > SENTINELS)
    }
}

async fn follow(replica: &Redis, door: u16) -> Result<()> {
    let mut command = redis::cmd("REPLICAOF");
    command.arg("127.0.0.1").arg(door);
    command.exec_async(&mut replica.connect().await?).await.context("have the replica follow")
}
