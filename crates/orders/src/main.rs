//! The life of the `orders` process.

use common::Service;
use std::time::Duration;

use messaging::Broker;
use orders::{
    config::Settings,
    handlers::{OnExpirationComplete, OnPaymentCreated, OnPaymentSettled, OnTicketCreated, OnTicketUpdated},
    http::{self, Api},
    sampler::Sampler,
    store::{RETELLING, SCHEMA, Store},
    sweeper::Sweeper,
    unsettled,
    watermark::Watermarks,
};
use outbox::{Relay, Wake};
use postgres::Database;
use process::{Exit, Process};
use tokio_util::task::TaskTracker;
use web::Sessions;

const MAX_CONNECTIONS: u32 = 16;
/// Every wait of the sweeper ends sooner.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// A message is some ten small allocations: with this one they take a quarter less CPU (docs/PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Exit {
    process::main("orders", Settings::read, live)
}

/// Starts everything. The probes answer first, and the loops start once the schema is there.
async fn live(settings: Settings, process: Process) -> anyhow::Result<()> {
    let wake = Wake::default();
    let database = Database::new(settings.database, "orders", MAX_CONNECTIONS);
    let store = Store::new(database.clone(), wake.clone());
    let sessions = Sessions::new(settings.session_keys);
    let api = Api {
        store: store.clone(),
        sessions,
        window: settings.expiration_window,
        most_unpaid: settings.most_unpaid,
        extension_limit: settings.extension_limit,
        internal_token: settings.internal_token,
    };
    process.serve(http::router(api)).await?;

    let broker = Broker::connect(Service::Orders, &settings.nats, process.health()).await?;
    broker.spawn_watch(&process);
    postgres::open(&process, &database, &SCHEMA).await;

    // The consumers and the sweeper end first; then the relay, which tells what they committed last.
    let committing = TaskTracker::new();
    let watermarks = spawn_sampler(&broker, &store, &process);
    let on_expiration = OnExpirationComplete { store: store.clone(), watermarks: watermarks.clone() };
    broker.spawn_consumer(on_expiration, &process, &committing);
    broker.spawn_consumer(OnPaymentCreated(store.clone()), &process, &committing);
    broker.spawn_consumer(OnPaymentSettled(store.clone()), &process, &committing);
    broker.spawn_consumer(OnTicketCreated(store.clone()), &process, &committing);
    broker.spawn_consumer(OnTicketUpdated(store.clone()), &process, &committing);
    spawn_unsettled(&store, &process);
    spawn_sweeper(store, watermarks, &process, &committing);
    let relay = Relay::new(database, broker, wake);
    outbox::spawn_check(&process, relay.check(&RETELLING));
    outbox::spawn_relay(&process, relay, committing);
    Ok(())
}

fn spawn_sampler(broker: &Broker, store: &Store, process: &Process) -> Watermarks {
    let heartbeat = process.health().register_loop("payments watermark", LONGEST_SILENCE);
    let (sampler, watermarks) = Sampler::new(broker.clone(), store.clone());
    let sampling = sampler.run(heartbeat, process.stopping());
    process.spawn("payments watermark", async move {
        sampling.await;
        Ok(())
    });
    watermarks
}

fn spawn_unsettled(store: &Store, process: &Process) {
    let heartbeat = process.health().register_loop("unsettled payments", LONGEST_SILENCE);
    let measuring = unsettled::measure(store.clone(), heartbeat, process.stopping());
    process.spawn("unsettled payments", async move {
        measuring.await;
        Ok(())
    });
}

fn spawn_sweeper(store: Store, watermarks: Watermarks, process: &Process, committing: &TaskTracker) {
    let heartbeat = process.health().register_loop("sweeper", LONGEST_SILENCE);
    let sweeper =
        Sweeper::new(store, watermarks).with_remark(process.health().register_remark("the sweeper"));
    let sweep = committing.track_future(sweeper.run(heartbeat, process.stopping()));
    process.spawn("sweeper", async move {
        sweep.await;
        Ok(())
    });
}
