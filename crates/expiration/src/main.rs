//! The life of an `expiration` process.

use common::Service;
use expiration::{
    config::Settings,
    handlers::{OrderCancelledHandler, OrderCreatedHandler, OrderExtendedHandler},
    http,
    monitor::Monitor,
    rebuild::{CheckpointWatch, Rebuilder, Stores},
    relay::{DueWake, Relay},
    schedule::Schedule,
};
use messaging::{Broker, ConsumerOptions};
use process::{Exit, Process};
use secrecy::ExposeSecret;

/// A message is some ten small allocations: with this one they take a quarter less CPU (docs/PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Redis takes a batch in less time than the broker needs to deliver one, so several are on their way to it.
const BACKLOG_IN_FLIGHT: usize = 4;

fn main() -> Exit {
    process::main("expiration", Settings::read, live)
}

async fn live(settings: Settings, process: Process) -> anyhow::Result<()> {
    let (nats, max_delay) = (&settings.nats, settings.max_delay);
    let schedule =
        Schedule::trusting(settings.redis_url.expose_secret(), settings.redis_ca.as_ref(), &nats.cluster_id)?
            .for_worker(&nats.servers.client_id);
    let due_wake = DueWake::default();
    let watch = CheckpointWatch::default();
    let internal = http::Internal::new(schedule.clone(), max_delay, due_wake.clone(), watch.clone());
    process.serve(http::router(internal, settings.internal_token)).await?;
    let broker = Broker::connect(Service::Expiration, nats, process.health()).await?;
    let stop = process.stopping();

    let relay = Relay::new(schedule.clone(), broker.publisher(), due_wake.clone(), process.health())?;
    let created = OrderCreatedHandler::new(schedule.clone(), max_delay, due_wake.clone());
    let cancelled = OrderCancelledHandler::new(schedule.clone());
    let extended = OrderExtendedHandler::new(schedule.clone(), max_delay, due_wake.clone());
    let stores = Stores {
        schedule: schedule.clone(),
        broker: broker.clone(),
        max_delay,
        due_wake,
        acknowledged: relay.acknowledged(),
    };
    let rebuilder = Rebuilder::new(stores, watch, process.health());
    let monitor = Monitor::new(schedule, relay.in_flight(), broker.clone(), process.health());
    let created =
        broker.consumer(created, ConsumerOptions { in_flight: BACKLOG_IN_FLIGHT, ..Default::default() });
    let cancelled = broker.consumer(cancelled, ConsumerOptions::default());
    let extended = broker.consumer(extended, ConsumerOptions::default());

    process.spawn("nats", loops(broker.watch(stop.clone())));
    process.spawn("relay", loops(relay.run(stop.clone())));
    process.spawn("consumer of order:created", loops(created.run(stop.clone())));
    process.spawn("consumer of order:cancelled", loops(cancelled.run(stop.clone())));
    process.spawn("consumer of order:extended", loops(extended.run(stop.clone())));
    process.spawn("rebuild", loops(rebuilder.run(stop.clone())));
    process.spawn("monitor", loops(monitor.run(stop)));
    Ok(())
}

/// A loop ends only by being asked to.
async fn loops(run: impl Future<Output = ()>) -> anyhow::Result<()> {
    run.await;
    Ok(())
}
