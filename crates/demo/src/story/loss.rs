//! A server loses what it had acknowledged, and it comes back.

use anyhow::{Context, Result};
use common::{Service, clock};
use judge::{Effect, Part};
use testkit::Snapshot;

use super::{
    SOON, Story,
    wait::{are, wait},
};
use crate::{
    Loss,
    moment::Moment,
    text::{self, Tone},
};

impl Story<'_> {
    /// Copies the files that will be put back, if any are.
    pub(super) async fn copy_files(&self) -> Result<Option<Snapshot>> {
        let copied = match self.options.lose {
            Loss::Redis | Loss::Stream => return Ok(None),
            Loss::RedisFiles => self.platform.redis().snapshot_files().await?,
            Loss::NatsFiles => self.platform.nats().snapshot_files().await?,
        };
        self.narrator.tell(Moment::now("backup", "its files are copied", Tone::Plain));
        Ok(Some(copied))
    }

    /// Has a server lose what it was asked to, starts who was killed, and waits until every timer is back.
    pub(super) async fn lose(&self, copied: Option<&Snapshot>) -> Result<()> {
        let timers = self.rest.timers().await?;
        let pending = are(timers, "timer");
        let begun_ms = clock::now_ms();
        match (self.options.lose, copied) {
            (Loss::RedisFiles, Some(older)) => {
                self.narrator.act(format!("Redis gets older files back, while {pending} pending"));
                self.restore(self.platform.redis(), older, &[Effect::RedisLost], Part::Redis).await?;
            }
            (Loss::NatsFiles, Some(older)) => {
                self.narrator.act(format!("NATS gets older files back, while {pending} pending"));
                let lost = Effect::all_of_the_broker();
                self.restore(self.platform.nats(), older, &lost, Part::Broker).await?;
            }
            (Loss::Stream, _) => {
                self.narrator.act(format!("the stream of `orders` is deleted, while {pending} pending"));
                self.delete_stream().await?;
            }
            _ => {
                self.narrator.act(format!("Redis loses everything, while {pending} pending"));
                self.wipe_redis().await?;
            }
        }
        if !self.victim()?.is_running() {
            self.restart().await?;
        }
        wait("the timers are back", SOON, async || {
            let unpaid = self.rest.unpaid().await?;
            let found = self.rest.timers().await?;
            // One that comes due meanwhile fires.
            Ok((found < timers && unpaid.is_some()).then(|| format!("{found} of {timers} timers")))
        })
        .await?;
        let took = text::span((clock::now_ms() - begun_ms) as f64);
        let detail = format!("{timers} timers are in the schedule after {took}, as they were");
        self.narrator.tell(Moment::now("all is back", detail, Tone::Good));
        Ok(())
    }

    async fn wipe_redis(&self) -> Result<()> {
        let mut redis = self.platform.redis().connect().await?;
        self.mischief.begins(Effect::RedisLost);
        let () = redis::cmd("FLUSHALL").query_async(&mut redis).await.context("wipe Redis")?;
        self.mischief.ends(Effect::RedisLost);
        self.narrator.tell(Moment::now("FLUSHALL", "no timer is left", Tone::Fault));
        Ok(())
    }

    async fn restore(
        &self,
        server: &testkit::Server,
        older: &Snapshot,
        lost: &[Effect],
        part: Part,
    ) -> Result<()> {
        let all = || lost.iter().copied().chain([Effect::Away(part)]);
        all().for_each(|effect| self.mischief.begins(effect));
        server.restore_files(older).await?;
        all().for_each(|effect| self.mischief.ends(effect));
        self.narrator.tell(Moment::now("restore", "it runs with the files of then", Tone::Fault));
        Ok(())
    }

    async fn delete_stream(&self) -> Result<()> {
        let name = self.rest.topology.stream_name(Service::Orders);
        let effect = Effect::StreamLost(Service::Orders);
        self.mischief.begins(effect);
        self.rest.jetstream.delete_stream(&name).await.with_context(|| format!("delete {name}"))?;
        self.mischief.ends(effect);
        self.narrator.tell(Moment::now("delete", format!("{name} is gone, with its consumers"), Tone::Fault));
        Ok(())
    }
}
