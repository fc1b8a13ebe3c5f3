//! Accepts the connections of a relay, or refuses them.

use std::{net::Ipv4Addr, sync::Arc};

use tokio::{
    net::TcpListener,
    sync::watch::{Receiver, Sender},
    task::JoinSet,
};

use super::{
    condition::Condition,
    connection,
    counters::{Tally, count},
};
use crate::paths;

/// Runs until it is aborted; `open` says whether it listens.
pub(super) async fn run(
    port: u16,
    mut condition: Receiver<Condition>,
    open: Sender<bool>,
    tally: Arc<Tally>,
) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        // Nobody else takes a port that is ours.
        let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => listener,
            Err(error) => return paths::say(&format!("the relay can't listen on port {port}: {error}")),
        };
        open.send_replace(true);
        let accept = async {
            while let Ok((client, _)) = listener.accept().await {
                count(&tally.connections, 1);
                number += 1;
                let resets = condition.borrow().resets;
                let (condition, tally) = (condition.clone(), Arc::clone(&tally));
                connections.spawn(connection::run(client, number, resets, condition, tally));
                while connections.try_join_next().is_some() {}
            }
        };
        let mut refusing = condition.clone();
        tokio::select! {
            () = accept => {}
            refused = refusing.wait_for(|now| now.refuses) => if refused.is_err() { return },
        }
        drop(listener);
        open.send_replace(false);
        if condition.wait_for(|now| !now.refuses).await.is_err() {
            return;
        }
    }
}
