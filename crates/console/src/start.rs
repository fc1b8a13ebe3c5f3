//! How everything is put together.

use common::Service;
use hmac::{Hmac, Mac as _};
use http_common::InternalToken;
use messaging::Broker;
use process::{Process, telemetry::begin_at_zero};
use secrecy::SecretString;
use sha2::Sha256;
use tokio_util::task::TaskTracker;

use crate::{
    access::Access,
    app::{App, Inner},
    audit::Audit,
    config::Settings,
    dead_letters::DeadLetters,
    event_times::EventTimes,
    hold, http,
    live::Live,
    operations::OperationStore,
    orders::Reporter,
    pages,
    peers::Peers,
    status::Sampler,
};

/// Starts everything, and serves. Called by `main`.
///
/// # Errors
/// When the settings can't describe a connection, or the address can't be bound.
pub async fn start(settings: Settings, process: &Process) -> anyhow::Result<()> {
    begin_at_zero("sign_in_failures_total");
    let broker = Broker::connect(Service::Console, &settings.nats, process.health()).await?;
    broker.spawn_watch(process);
    let peers = Peers::new(settings.peers, &settings.internal_token)?;
    let audit = Audit::start(broker.audit_log(), process.stopping());
    let dead_letters = DeadLetters::start(&broker, audit.clone(), process.stopping());
    let sampler = Sampler::new(peers.clone(), dead_letters.clone(), broker.clone());
    let live = Live::new(settings.live_streams);
    live.spawn(sampler.clone(), process);
    hold::spawn(peers.clone(), process);
    let acting = TaskTracker::new();
    let operations = OperationStore::new(audit.clone(), process.stopping());
    let app = App::new(Inner {
        access: Access::new(settings.access),
        reporter: Reporter::new(peers.clone(), dead_letters.clone(), audit.clone(), EventTimes::new(broker)),
        operations: operations.clone(),
        peers,
        audit: audit.clone(),
        dead_letters,
        sampler,
        live,
        form_key: form_key(&settings.internal_token),
        acting: acting.clone(),
    });
    let stop = process.stopping();
    process.spawn("acts", async move {
        stop.cancelled().await;
        acting.close();
        acting.wait().await;
        operations.wait().await;
        audit.wait().await;
        Ok(())
    });
    process.serve_at_root(http::router(app.clone(), pages::router(app))).await
}

/// A key of its own for the forms, the same in every process that has the same token.
fn form_key(token: &InternalToken) -> SecretString {
    // HMAC takes a key of any length, so there always is one.
    let mac = Hmac::<Sha256>::new_from_slice(token.authorization().as_bytes()).ok();
    let mac = mac.map(|mac| mac.chain_update("console forms").finalize().into_bytes());
    let hex: String = mac.unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect();
    hex.into()
}
