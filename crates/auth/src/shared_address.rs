//! Says in the log when many people seem to have one address.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::time::Instant;
use tracing::warn;

use crate::{
    limit::{WINDOW, is_private, network},
    store::Store,
};

/// Failed attempts at so many accounts are of many people, or of one who tries them all.
const MANY: i64 = 10;

/// Remembers when it was said. Clones share that.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedAddress {
    told: Arc<Mutex<Option<Instant>>>,
}

impl SharedAddress {
    /// Called for an attempt that is slowed down. At most one line each [`WINDOW`]: an attack has many attempts.
    pub(crate) async fn look_at(&self, store: &Store, address: IpAddr) {
        if !is_private(address) || !self.is_due() {
            return;
        }
        match store.accounts_failing_from(address).await {
            Ok(accounts) if accounts >= MANY => {
                self.set(Some(Instant::now()));
                warn!(
                    "attempts at {accounts} accounts failed from the private address {}: if that is a proxy of ours, set \
                     TRUSTED_PROXY_HOPS, or all people behind it are slowed down together",
                    network(address)
                );
            }
            Ok(_) => {}
            Err(error) => warn!("nobody knows at how many accounts attempts failed: {error}"),
        }
    }

    fn is_due(&self) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).is_none_or(|told| told.elapsed() >= WINDOW)
    }

    fn set(&self, told: Option<Instant>) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }
}
