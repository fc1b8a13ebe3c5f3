//! The life of the `tickets` process.

use common::Service;
use messaging::Broker;
use outbox::{Relay, Wake};
use postgres::Database;
use process::{Exit, Process};
use tickets::{
    config::Settings,
    handlers::{OnOrderCancelled, OnOrderCreated},
    http::{self, Api},
    janitor::Janitor,
    store::{RETELLING, SCHEMA, Store},
};
use tokio_util::task::TaskTracker;
use web::Sessions;

const MAX_CONNECTIONS: u32 = 16;

/// A message is some ten small allocations: with this one they take a quarter less CPU (docs/PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Exit {
    process::main("tickets", Settings::read, live)
}

/// Starts everything. The probes answer first, and the loops start once the schema is there.
async fn live(settings: Settings, process: Process) -> anyhow::Result<()> {
    let wake = Wake::default();
    let database = Database::new(settings.database, "tickets", MAX_CONNECTIONS);
    let store = Store::new(database.clone(), wake.clone());
    let sessions = Sessions::new(settings.session_keys);
    let api = Api {
        store: store.clone(),
        sessions,
        most_edits_a_minute: settings.most_edits_a_minute,
        internal_token: settings.internal_token,
    };
    process.serve(http::router(api)).await?;

    let broker = Broker::connect(Service::Tickets, &settings.nats, process.health()).await?;
    broker.spawn_watch(&process);
    postgres::open(&process, &database, &SCHEMA).await;

    // The consumers end first; then the relay, which tells what they committed last.
    let committing = TaskTracker::new();
    broker.spawn_consumer(OnOrderCreated(store.clone()), &process, &committing);
    broker.spawn_consumer(OnOrderCancelled(store.clone()), &process, &committing);
    Janitor::new(store).spawn(&process);
    let relay = Relay::new(database, broker, wake);
    outbox::spawn_check(&process, relay.check(&RETELLING));
    outbox::spawn_relay(&process, relay, committing);
    Ok(())
}
