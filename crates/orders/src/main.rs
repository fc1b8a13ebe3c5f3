//! The life of the `orders` process.

use std::time::Duration;

use common::{
    event::Service,
    messaging::{Broker, ConsumerOptions, Handler},
    process::{self, Exit, Process},
};
use orders::{
    config::Settings,
    handlers::{OnExpirationComplete, OnPaymentCreated, OnTicketCreated, OnTicketUpdated},
    http::{self, Api, Sessions},
    store::{self, Store},
    sweeper::Sweeper,
};
use outbox::{Database, Relay, Wake};
use tokio_util::task::TaskTracker;

const MAX_CONNECTIONS: u32 = 16;
/// Every wait of a loop that speaks to Postgres ends sooner.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// A message is some ten small allocations: with this one they take a quarter less CPU (docs/PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Exit {
    process::run("orders", Settings::read, live)
}

/// Starts everything. The probes answer first, and the loops start once the schema is there.
async fn live(settings: Settings, process: Process) -> anyhow::Result<()> {
    let wake = Wake::default();
    let database = Database::new(settings.database, "orders", MAX_CONNECTIONS);
    let store = Store::new(database.clone(), wake.clone());
    let api = Api {
        store: store.clone(),
        sessions: Sessions::new(settings.jwt_key),
        window: settings.expiration_window,
    };
    process.serve(http::router(api)).await?;

    let postgres = process.health().register_dependency("postgres");
    let broker = Broker::connect(Service::Orders, &process.settings().nats, process.health()).await?;
    process.spawn("nats readiness", watch(broker.clone(), process.clone()));
    store.migrate_until_done(&postgres).await;
    process.spawn("postgres readiness", {
        let heartbeat = process.health().register_loop("postgres readiness", LONGEST_SILENCE);
        let stopping = process.stopping();
        let store = store.clone();
        async move {
            stopping.run_until_cancelled_owned(store::keep_ready(store, postgres, heartbeat)).await;
            Ok(())
        }
    });
    run_loops(&store, &broker, &process, Relay::new(database, broker.publisher(), wake));
    Ok(())
}

async fn watch(broker: Broker, process: Process) -> anyhow::Result<()> {
    broker.watch(process.stopping()).await;
    Ok(())
}

/// The consumers and the sweeper end first; then the relay, which tells what they committed last.
fn run_loops(store: &Store, broker: &Broker, process: &Process, relay: Relay) {
    let committing = TaskTracker::new();
    consume(OnExpirationComplete(store.clone()), broker, process, &committing);
    consume(OnPaymentCreated(store.clone()), broker, process, &committing);
    consume(OnTicketCreated(store.clone()), broker, process, &committing);
    consume(OnTicketUpdated(store.clone()), broker, process, &committing);
    process.spawn("sweeper", {
        let heartbeat = process.health().register_loop("sweeper", LONGEST_SILENCE);
        let sweep = committing.track_future(Sweeper::new(store.clone()).run(heartbeat, process.stopping()));
        async move {
            sweep.await;
            Ok(())
        }
    });
    process.spawn("relay", {
        let heartbeat = process.health().register_loop("relay", LONGEST_SILENCE);
        let stopping = process.stopping();
        async move {
            let stop = async {
                stopping.cancelled().await;
                committing.close();
                committing.wait().await;
            };
            relay.run(heartbeat, stop).await;
            Ok(())
        }
    });
}

fn consume<H: Handler>(handler: H, broker: &Broker, process: &Process, committing: &TaskTracker) {
    let consumer = broker.consumer(handler, ConsumerOptions::default());
    let running = committing.track_future(consumer.run(process.stopping()));
    process.spawn(format!("consumer {}", <H::Event as common::event::Event>::SUBJECT), async move {
        running.await;
        Ok(())
    });
}
