//! The life of the `payments` process.

use std::time::Duration;

use common::Service;
use messaging::Broker;
use outbox::{Relay, Wake};
use payments::{
    cashier::Cashier,
    config::Settings,
    handlers::{
        self, OnOrderCancelled, OnOrderCompleted, OnOrderCreated, OnOrderExtended, OnPaymentRejected,
    },
    http::{self, Api, Patience},
    pruner::Pruner,
    settler::Settler,
    store::{RETELLING, SCHEMA, Store},
    stripe::Stripe,
};
use postgres::Database;
use process::{Exit, Process};
use tokio_util::task::TaskTracker;
use web::Sessions;

const MAX_CONNECTIONS: u32 = 16;
/// Every wait of the settler ends sooner.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// A message is some ten small allocations: with this one they take a quarter less CPU (docs/PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Exit {
    process::main("payments", Settings::read, live)
}

/// Starts everything. The probes answer first, and the loops start once the schema is there.
async fn live(settings: Settings, process: Process) -> anyhow::Result<()> {
    let (wake, due) = (Wake::default(), Wake::default());
    let database = Database::new(settings.database, "payments", MAX_CONNECTIONS);
    let store = Store::new(database.clone(), wake.clone(), due.clone());
    let cashier = Cashier::new(store.clone(), Stripe::new(&settings.stripe)?, settings.public_url);
    let api = Api {
        store: store.clone(),
        cashier: cashier.clone(),
        sessions: Sessions::new(settings.session_keys),
        webhook_secrets: settings.webhook_secrets,
        currency: settings.currency,
        patience: Patience::default(),
        internal_token: settings.internal_token,
    };
    process.serve(http::router(api)).await?;

    let broker = Broker::connect(Service::Payments, &settings.nats, process.health()).await?;
    broker.spawn_watch(&process);
    postgres::open(&process, &database, &SCHEMA).await;

    // The consumers and the settler end first; then the relay, which tells what they committed last.
    let committing = TaskTracker::new();
    handlers::count_from_zero();
    broker.spawn_consumer(OnOrderCreated(store.clone()), &process, &committing);
    broker.spawn_consumer(OnOrderCancelled(store.clone()), &process, &committing);
    broker.spawn_consumer(OnOrderCompleted(store.clone()), &process, &committing);
    broker.spawn_consumer(OnOrderExtended(store.clone()), &process, &committing);
    broker.spawn_consumer(OnPaymentRejected(store.clone()), &process, &committing);
    Pruner::new(store.clone()).spawn(&process);
    spawn_settler(Settler::new(store, cashier, due), &process, &committing);
    let relay = Relay::new(database, broker, wake);
    outbox::spawn_check(&process, relay.check(&RETELLING));
    outbox::spawn_relay(&process, relay, committing);
    Ok(())
}

fn spawn_settler(settler: Settler, process: &Process, committing: &TaskTracker) {
    let heartbeat = process.health().register_loop("settler", LONGEST_SILENCE);
    let settle = committing.track_future(settler.run(heartbeat, process.stopping()));
    process.spawn("settler", async move {
        settle.await;
        Ok(())
    });
}
