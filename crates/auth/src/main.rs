//! The life of the `auth` process.

use std::time::Duration;

use auth::{
    accounts::Accounts,
    config::Settings,
    http::{self, Api},
    limit::Pace,
    password::Passwords,
    pruner::Pruner,
    store::{MIGRATIONS, Store},
};
use postgres::Database;
use process::{Exit, Process};
use web::Sessions;

const MAX_CONNECTIONS: u32 = 16;
/// Longer than the pruner sleeps and one statement may take.
const LONGEST_SILENCE: Duration = Duration::from_secs(120);

fn main() -> Exit {
    process::main("auth", Settings::read, live)
}

/// Starts everything. The probes answer first, and the pruner starts once the schema is there.
async fn live(settings: Settings, process: Process) -> anyhow::Result<()> {
    let database = Database::new(settings.database, "auth", MAX_CONNECTIONS);
    let store = Store::new(database.clone());
    let api = Api {
        accounts: Accounts::new(store.clone(), Passwords::default(), Pace::default()),
        sessions: Sessions::new(settings.jwt_keys).writing(settings.cookie_name),
        cookies: settings.cookies,
        proxies: settings.proxies,
    };
    process.serve(http::router(api)).await?;
    postgres::open(&process, &database, &[&MIGRATIONS]).await;
    let heartbeat = process.health().register_loop("pruner", LONGEST_SILENCE);
    let stopping = process.stopping();
    process.spawn("pruner", async move {
        Pruner::new(store).run(heartbeat, stopping).await;
        Ok(())
    });
    Ok(())
}
