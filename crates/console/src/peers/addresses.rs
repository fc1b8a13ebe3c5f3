//! From the names in the settings to the processes behind them.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::Uri;
use common::Service;
use http_common::BaseUrl;
use tokio::{net::lookup_host, time::timeout};

use crate::config::PeerUrls;

/// How long a name's addresses are kept. A new process is found as soon.
const KEPT: Duration = Duration::from_secs(3);
const LOOKUP_LIMIT: Duration = Duration::from_secs(1);
/// A process that did not answer is asked last for so long.
const AVOIDED: Duration = Duration::from_secs(5);

/// From the connection to the last byte of the answer. A person waits for it.
pub(super) const LIMIT: Duration = Duration::from_secs(2);
/// The same for a process that did not answer a moment ago: each page would wait for it.
const SHORT_LIMIT: Duration = Duration::from_millis(500);

/// Where one process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// What a path is put behind.
    pub(super) base: String,
    /// For a person.
    pub(super) shown: String,
}

#[derive(Debug)]
pub(super) struct Addresses {
    urls: PeerUrls,
    resolved: Mutex<HashMap<Service, (Instant, Vec<Address>)>>,
    silent: Mutex<HashMap<String, Instant>>,
    turn: AtomicUsize,
}

impl Addresses {
    pub(super) fn new(urls: PeerUrls) -> Self {
        Self { urls, resolved: Mutex::default(), silent: Mutex::default(), turn: AtomicUsize::new(0) }
    }

    /// Every process of a service.
    ///
    /// # Errors
    /// The names of which none has an address.
    pub(super) async fn of(&self, service: Service) -> Result<Vec<Address>, Vec<String>> {
        if let Some((at, known)) = locked(&self.resolved).get(&service)
            && at.elapsed() < KEPT
        {
            return Ok(known.clone());
        }
        let mut found: Vec<Address> = Vec::new();
        for url in self.urls.of(service) {
            for address in resolve(url).await {
                if !found.contains(&address) {
                    found.push(address);
                }
            }
        }
        if found.is_empty() {
            return Err(self.urls.of(service).iter().map(|url| url.as_str().to_owned()).collect());
        }
        locked(&self.resolved).insert(service, (Instant::now(), found.clone()));
        Ok(found)
    }

    /// The same in the order in which to ask: by turns, those that were silent a moment ago last.
    pub(super) async fn to_ask(&self, service: Service) -> Result<Vec<Address>, Vec<String>> {
        let mut addresses = self.of(service).await?;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % addresses.len().max(1);
        addresses.rotate_left(turn);
        let silent = locked(&self.silent);
        let is_silent =
            |address: &Address| silent.get(&address.base).is_some_and(|at| at.elapsed() < AVOIDED);
        addresses.sort_by_key(is_silent);
        Ok(addresses)
    }

    /// How long a process may take: one that was silent a moment ago less.
    pub(super) fn limit(&self, address: &Address) -> Duration {
        let silent = locked(&self.silent).get(&address.base).is_some_and(|at| at.elapsed() < AVOIDED);
        if silent { SHORT_LIMIT } else { LIMIT }
    }

    /// One that had less time than others is not known to be silent: it has the whole time again before long.
    pub(super) fn was_silent(&self, address: &Address, limit: Duration) {
        if limit < LIMIT {
            return;
        }
        let mut silent = locked(&self.silent);
        silent.retain(|_, at| at.elapsed() < AVOIDED);
        silent.insert(address.base.clone(), Instant::now());
    }
}

/// A name under TLS is kept, because the certificate is the name's.
async fn resolve(url: &BaseUrl) -> Vec<Address> {
    let as_it_is = || vec![Address { base: url.as_str().to_owned(), shown: url.as_str().to_owned() }];
    let Ok(uri) = url.as_str().parse::<Uri>() else { return Vec::new() };
    if url.is_https() {
        return as_it_is();
    }
    let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80));
    if format!("{host}:{port}").parse::<SocketAddr>().is_ok() {
        return as_it_is();
    }
    let Ok(Ok(addresses)) = timeout(LOOKUP_LIMIT, lookup_host((host, port))).await else { return Vec::new() };
    let path = uri.path().trim_end_matches('/');
    let address = |found: SocketAddr| Address {
        base: format!("http://{found}{path}"),
        shown: format!("http://{found}"),
    };
    addresses.map(address).collect()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
