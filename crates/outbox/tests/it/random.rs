//! Any sequence of changes, losses, marks and deaths: in the end the stream has everything that is so.

use std::time::Duration;

use common::event::OrderCancelled;
use outbox::{Check, Checked, Relay};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use sqlx::{Postgres, Transaction};
use testkit::{Snapshot, eventually};

use crate::world::World;

const LIMIT: Duration = Duration::from_secs(20);
const STEPS: usize = 60;

/// What may happen, with a world in which it does.
struct Run<'a> {
    world: &'a World,
    dice: StdRng,
    relays: [Relay; 2],
    check: Check,
    copy: Option<Snapshot>,
    open: Option<(Transaction<'static, Postgres>, OrderCancelled)>,
    /// What is so.
    events: Vec<OrderCancelled>,
    log: Vec<String>,
}

impl<'a> Run<'a> {
    fn new(world: &'a World, seed: u64) -> Self {
        let relays = [world.relay(), world.relay()];
        let check = world.check();
        let dice = StdRng::seed_from_u64(seed);
        Self { world, dice, relays, check, copy: None, open: None, events: Vec::new(), log: Vec::new() }
    }

    async fn step(&mut self) {
        let which = self.dice.random_range(0..20);
        let relay = self.dice.random_range(0..2);
        let what = match which {
            0..6 => {
                let count = self.dice.random_range(1..4);
                self.events.extend(self.world.changes(count).await);
                format!("{count} changes")
            }
            6..11 => format!("relay {relay}: {:?}", self.relays[relay].run_once().await),
            11 => {
                self.relays[relay] = self.world.relay();
                format!("relay {relay} is killed")
            }
            12..14 => format!("check: {:?}", self.check.run_once().await),
            14 => {
                self.world.an_hour_later().await;
                "an hour passes".to_owned()
            }
            15 => {
                self.copy = Some(self.world.nats.snapshot_files().await.unwrap());
                "a copy".to_owned()
            }
            16 => self.lose().await,
            17 => {
                self.world.publish_foreign(self.dice.random_range(1..5)).await;
                "foreign events".to_owned()
            }
            _ => self.begin_or_commit().await,
        };
        self.log.push(what);
    }

    async fn lose(&mut self) -> String {
        match &self.copy {
            Some(copy) => {
                self.world.nats.restore_files(copy).await.unwrap();
                "the copy is put back".to_owned()
            }
            None => {
                drop(self.world.jetstream.delete_stream("ticketing-orders").await);
                self.world.use_stream_of(&["order:created", "order:cancelled"]).await;
                "the stream is made anew".to_owned()
            }
        }
    }

    async fn begin_or_commit(&mut self) -> String {
        if let Some((open, event)) = self.open.take() {
            open.commit().await.unwrap();
            self.events.push(event);
            return "the slow change is committed".to_owned();
        }
        let mut open = self.world.pool.begin().await.unwrap();
        let event = self.world.change(&mut open).await;
        self.open = Some((open, event));
        "a slow change begins".to_owned()
    }

    /// Everything has time to come to its end.
    async fn end(&mut self) {
        if self.open.is_some() {
            self.begin_or_commit().await;
        }
        eventually("everything is told, and nothing is lost", LIMIT, async || {
            let checked = self.check.run_once().await.map_err(|error| format!("{error:#}"))?;
            for relay in &self.relays {
                let pass = relay.run_once().await.map_err(|error| format!("{error:#}"))?;
                if let Some(failure) = pass.failure {
                    return Err(format!("{failure:#}"));
                }
            }
            match self.world.depth().await {
                0 if checked == Checked::Well => Ok(()),
                depth => Err(format!("{checked:?}, {depth} rows in the outbox")),
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_in_whatever_order_the_stream_has_everything_in_the_end() {
    for seed in 0..6 {
        let world = World::new().await;
        world.use_stream_of(&["order:created", "order:cancelled"]).await;
        let mut run = Run::new(&world, seed);
        for _ in 0..STEPS {
            run.step().await;
        }
        run.end().await;
        let messages = world.messages().await;
        let told = |event: &&OrderCancelled| messages.contains_key(&serde_json::to_string(event).unwrap());
        let lacking = run.events.iter().filter(|event| !told(event)).count();
        assert_eq!(lacking, 0, "seed {seed}, {} events:\n{}", run.events.len(), run.log.join("\n"));
    }
}
