//! An episode ends in time whatever is away.

use std::{net::TcpListener, time::Duration};

use tokio::time::Instant;

use super::{NOWHERE, access};
use crate::workload::{LAST_WORD, WorkloadPlan, run};

const LENGTH: Duration = Duration::from_secs(4);
/// For a busy machine to end a thousand tasks.
const SLACK: Duration = Duration::from_secs(1);

/// Everything is tried, nothing comes of it, and it is over in time.
async fn comes_to_nothing(address: &str) {
    let access = access(&format!("http://{address}"), &format!("nats://{address}")).await;
    let plan = WorkloadPlan::new(3, LENGTH, Duration::from_secs(3));
    let begin = Instant::now();
    let running = run(&plan, &access, begin).await.unwrap();
    assert!(
        begin.elapsed() >= LENGTH && begin.elapsed() <= LENGTH + LAST_WORD + SLACK,
        "{:?}",
        begin.elapsed()
    );
    let record = running.record();
    assert!(record.placed.is_empty() && record.heard.is_empty() && record.edits.is_empty());
    assert!(!record.poison.is_empty() && record.poison.iter().all(|poison| poison.stored_ms.is_none()));
    assert!(!record.foreign.is_empty() && record.foreign.iter().all(|foreign| foreign.stored_ms.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_episode_ends_in_time_where_every_connection_is_refused() {
    comes_to_nothing(NOWHERE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_episode_ends_in_time_where_connections_open_and_nothing_is_ever_answered() {
    // The kernel opens them, and nobody takes them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    comes_to_nothing(&silent.local_addr().unwrap().to_string()).await;
}
