//! A primary and a hot standby that has whatever was acknowledged, behind one address.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, ensure};
use sqlx::{Connection, PgConnection};

use super::{Database, Postgres};
use crate::{Relay, files::copy_aside, paths, poll};

const FOLLOWED: Duration = Duration::from_secs(60);
/// What the primary knows the standby as.
const STANDBY: &str = "standby";

/// Two Postgres servers, one of which follows the other by streaming replication. A commit is acknowledged when both
/// have it, so a failover loses nothing; with the standby away, commits wait.
#[derive(Debug)]
pub struct PostgresPair {
    servers: [Postgres; 2],
    /// Which of them is, or was last, the primary.
    primary: AtomicUsize,
    /// Clients come this way, and go where it points.
    front: Relay,
    /// The standby follows the primary this way.
    link: Relay,
}

impl PostgresPair {
    /// Starts both, and waits until the second follows the first.
    ///
    /// # Errors
    /// As [`Postgres::start`], and when the second does not follow.
    pub async fn start() -> Result<Self> {
        Self::start_with(&["fsync=off"]).await
    }

    /// The same with settings for both.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(settings: &[&str]) -> Result<Self> {
        // Which server it leads to is known when there is one.
        let link = Relay::to(0).await?;
        let leader = format!(
            "primary_conninfo=host=127.0.0.1 port={} user=postgres application_name={STANDBY} sslmode=disable",
            link.port()
        );
        // Whoever is primary keeps what the other may not have got yet.
        let both = [settings, &["wal_keep_size=512MB", leader.as_str()]].concat();
        let (one, other) = tokio::try_join!(Postgres::start_with(&both), Postgres::start_with(&both))?;
        let front = Relay::to(one.port()).await?;
        let pair = Self { servers: [one, other], primary: AtomicUsize::new(0), front, link };
        pair.follow().await?;
        Ok(pair)
    }

    /// The server that is, or was last, the primary.
    pub fn primary(&self) -> &Postgres {
        &self.servers[self.primary.load(Ordering::Relaxed)]
    }

    /// The other one.
    pub fn standby(&self) -> &Postgres {
        &self.servers[1 - self.primary.load(Ordering::Relaxed)]
    }

    /// The network between the two servers.
    pub fn link(&self) -> &Relay {
        &self.link
    }

    /// `postgres://postgres@127.0.0.1:<port>/postgres`, the same over a failover.
    pub fn url(&self) -> String {
        self.at_front("postgres")
    }

    /// As [`Postgres::database_named`], with the address that stays the same over a failover.
    ///
    /// # Errors
    /// When the primary can't be reached.
    pub async fn database_named(&self, name: &str) -> Result<Database> {
        self.primary().database_named(name).await?;
        Ok(Database { url: self.at_front(name) })
    }

    /// Kills the primary and leads clients to the standby, which they can read from and which refuses what they write,
    /// until [`Self::promote`].
    ///
    /// # Errors
    /// When part of the primary survives.
    pub async fn fail_over_to_read_only(&self) -> Result<()> {
        self.primary().kill().await?;
        self.front.repoint(self.standby().port());
        Ok(())
    }

    /// Makes the standby the primary, which takes what is written.
    ///
    /// # Errors
    /// When it does not within a minute.
    pub async fn promote(&self) -> Result<()> {
        let standby = self.standby();
        let mut session = PgConnection::connect(&standby.url()).await.context("connect to the standby")?;
        let promoted: bool = sqlx::query_scalar("SELECT pg_promote(true, 60)")
            .fetch_one(&mut session)
            .await
            .context("promote the standby")?;
        ensure!(promoted, "the standby is none after a minute");
        self.front.repoint(standby.port());
        self.primary.fetch_xor(1, Ordering::Relaxed);
        Ok(())
    }

    /// After [`Self::promote`]: the server that was primary before follows the one that is, from a copy of its files.
    ///
    /// # Errors
    /// When it does not follow.
    pub async fn rejoin(&self) -> Result<()> {
        self.follow().await
    }

    /// Makes the standby a copy of the primary, and waits until it has all that the primary writes.
    async fn follow(&self) -> Result<()> {
        let (primary, standby) = (self.primary(), self.standby());
        self.link.repoint(primary.port());
        self.link.heal().await?;
        standby.kill().await?;
        let mut session = PgConnection::connect(&primary.url()).await.context("connect to the primary")?;
        back_up(&mut session, primary, standby).await.context("copy the primary's files")?;
        standby.restart().await.context("start the standby")?;
        for sql in ["ALTER SYSTEM SET synchronous_standby_names = 'standby'", "SELECT pg_reload_conf()"] {
            sqlx::query(sql).execute(&mut session).await.context("have commits wait for the standby")?;
        }
        let in_step = poll(FOLLOWED, async || {
            let state: Option<String> = sqlx::query_scalar("SELECT max(sync_state) FROM pg_stat_replication")
                .fetch_one(&mut session)
                .await
                .map_err(|error| error.to_string())?;
            if state.as_deref() == Some("sync") { Ok(()) } else { Err(format!("it is {state:?}")) }
        });
        in_step.await.map_err(|last| {
            anyhow!("the standby does not follow: {last}; its log ends:\n{}", tail(&standby.log()))
        })
    }

    fn at_front(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.front.port())
    }
}

/// As `pg_basebackup` does, which not every installation has.
async fn back_up(session: &mut PgConnection, from: &Postgres, to: &Postgres) -> Result<()> {
    let (data, user) = (to.home().data(), to.home().user);
    sqlx::query("SELECT pg_backup_start('standby', true)").execute(&mut *session).await?;
    paths::remove(data)?;
    copy_aside(from.home().data(), data, user).await?;
    let label: String =
        sqlx::query_scalar("SELECT labelfile FROM pg_backup_stop(false)").fetch_one(session).await?;
    // The primary's: a server that finds one thinks that it is running already.
    fs::remove_file(data.join("postmaster.pid")).context("remove the primary's process number")?;
    // And its settings: once promoted, the standby waits for nobody.
    let own = [("backup_label", label.as_str()), ("standby.signal", ""), ("postgresql.auto.conf", "")];
    for (name, content) in own {
        let file = data.join(name);
        fs::write(&file, content).with_context(|| format!("write {}", file.display()))?;
        user.map_or(Ok(()), |user| user.own(&file))?;
    }
    Ok(())
}

fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
