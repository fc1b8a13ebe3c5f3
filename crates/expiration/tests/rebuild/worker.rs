//! The parts of a worker that a test chooses, in its own process: without a relay nothing fires.

use std::time::Duration;

use common::{Service, event::Subject};
use expiration::{
    handlers::{OrderCancelledHandler, OrderCreatedHandler, OrderExtendedHandler},
    monitor::Monitor,
    rebuild::{CheckpointWatch, Rebuilder, Stores},
    relay::{Acknowledged, DueWake, InFlight},
    schedule::Schedule,
};
use messaging::{Broker, ConsumerOptions, NatsServers, NatsSettings, Place};
use process::health::Health;
use testkit::{Nats, eventually};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{CLUSTER, LONG};

pub(crate) const MAX_DELAY: Duration = Duration::from_secs(366 * 86_400);
const LISTENS_TO: [(Service, Subject); 3] = [
    (Service::Expiration, Subject::OrderCreated),
    (Service::Expiration, Subject::OrderExtended),
    (Service::Expiration, Subject::OrderCancelled),
];

/// A worker until it is dropped, which is as killing it: nothing is given back.
pub(crate) struct Worker {
    pub(crate) schedule: Schedule,
    pub(crate) broker: Broker,
    pub(crate) watch: CheckpointWatch,
    health: Health,
    stop: CancellationToken,
    loops: JoinSet<()>,
}

impl Worker {
    /// One without any loop.
    pub(crate) async fn idle(nats: &Nats, redis_url: &str, name: &str) -> Self {
        let settings = NatsSettings {
            servers: NatsServers {
                addresses: vec![nats.url().parse().unwrap()],
                ca_file: None,
                client_id: name.to_owned(),
            },
            cluster_id: CLUSTER.to_owned(),
            replicas: 1,
            stream_bytes: messaging::topology::STREAM_BYTES,
        };
        let health = Health::new();
        let broker = Broker::connect(Service::Expiration, &settings, &health).await.unwrap();
        let schedule = Schedule::new(redis_url, CLUSTER).unwrap().for_worker(name);
        let (stop, watch) = (CancellationToken::new(), CheckpointWatch::default());
        Self { schedule, broker, watch, health, stop, loops: JoinSet::new() }
    }

    /// Keeps the checkpoint.
    pub(crate) fn rebuilding(mut self) -> Self {
        let rebuilder = self.rebuilder();
        self.loops.spawn(rebuilder.run(self.stop.clone()));
        self
    }

    pub(crate) fn rebuilder(&self) -> Rebuilder {
        let (schedule, broker) = (self.schedule.clone(), self.broker.clone());
        let (due_wake, acknowledged) = (DueWake::default(), Acknowledged::default());
        let stores = Stores { schedule, broker, max_delay: MAX_DELAY, due_wake, acknowledged };
        Rebuilder::new(stores, self.watch.clone(), &self.health)
    }

    pub(crate) fn monitor(&self) -> Monitor {
        Monitor::new(self.schedule.clone(), InFlight::default(), self.broker.clone(), &self.health)
    }

    /// Listens to the events of orders.
    pub(crate) fn listening(mut self) -> Self {
        let schedule = &self.schedule;
        let created = OrderCreatedHandler::new(schedule.clone(), MAX_DELAY, DueWake::default());
        let extended = OrderExtendedHandler::new(schedule.clone(), MAX_DELAY, DueWake::default());
        let cancelled = OrderCancelledHandler::new(schedule.clone());
        let options = ConsumerOptions::default;
        self.loops.spawn(self.broker.consumer(created, options()).run(self.stop.clone()));
        self.loops.spawn(self.broker.consumer(extended, options()).run(self.stop.clone()));
        self.loops.spawn(self.broker.consumer(cancelled, options()).run(self.stop.clone()));
        self
    }

    /// Ends as it is asked to.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.loops.join_all().await;
    }

    /// Waits until the checkpoint holds, nobody rebuilds, and it is at the end of both streams. It is then also looked at.
    pub(crate) async fn holds(&self) -> Place {
        eventually("the checkpoint holds", LONG, async || {
            self.watch.ask();
            let orders = self.broker.last_place(Service::Orders).await;
            let fired = self.broker.last_place(Service::Expiration).await;
            let standing = self.schedule.standing(None).await.map_err(|error| error.to_string())?;
            let is_level = standing.checkpoint.as_ref().is_some_and(|checkpoint| {
                checkpoint.is_of_run(&standing.run)
                    && Some(checkpoint.orders) == orders.ok().flatten()
                    && Some(checkpoint.fired) == fired.ok().flatten()
            });
            let place = standing.checkpoint.as_ref().map(|checkpoint| checkpoint.orders);
            let is_there = is_level && standing.rebuild.is_none() && self.watch.holds();
            place.filter(|_| is_there).ok_or(format!("{standing:?}"))
        })
        .await
    }

    /// Whether somebody rebuilds at this moment.
    pub(crate) async fn is_rebuilding(&self) -> bool {
        self.schedule.standing(None).await.unwrap().rebuild.is_some()
    }

    /// Waits until every consumer has taken everything.
    pub(crate) async fn has_taken_everything(&self) {
        eventually("everything is taken", LONG, async || {
            let last = self.broker.last_place(Service::Orders).await.map_err(|error| error.to_string())?;
            let last = last.ok_or("there is no stream")?.sequence;
            let floors = self.broker.floors(&LISTENS_TO).await.map_err(|error| error.to_string())?;
            let all = floors.iter().all(|floor| floor.is_some_and(|floor| floor.taken(last) >= last));
            all.then_some(()).ok_or(format!("{floors:?} of {last}"))
        })
        .await;
    }
}
