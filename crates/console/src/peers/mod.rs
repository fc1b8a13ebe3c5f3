//! The other services, asked over HTTP under `/internal`, with a token of its own: any replica that answers.

mod addresses;
mod ask;
mod calls;
mod error;
mod transport;

pub use calls::{KNOWN_AT_ONCE, TIMERS_AT_ONCE};
pub use error::PeerError;

use std::sync::Arc;

use common::{Service, internal::About};
use futures_util::future::join_all;
use http_common::{BaseUrl, InternalToken};
use metrics::counter;

use crate::config::PeerUrls;
use addresses::{Address, Addresses};
use transport::Transport;

/// The other services. Cheap to clone: all of it shares one pool of connections.
#[derive(Clone, Debug)]
pub struct Peers {
    transport: Transport,
    addresses: Arc<Addresses>,
}

/// A process of a service, or an address at which none answers.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Where.
    pub address: String,
    /// What it says of itself.
    pub about: Option<About>,
}

/// How a call can end: with an answer, with one of the server's failure, with none.
const RESULTS: [&str; 3] = ["answered", "failed", "lost"];

impl Peers {
    /// The services at these addresses. Nothing is connected yet.
    ///
    /// # Errors
    /// When one is reached by TLS, and the certificates that the system trusts can't be read.
    pub fn new(urls: PeerUrls, token: &InternalToken) -> anyhow::Result<Self> {
        for service in urls.services() {
            for result in RESULTS {
                counter!("peer_calls_total", "service" => service.as_str(), "result" => result).increment(0);
            }
        }
        let tls = urls.services().any(|service| urls.of(service).iter().any(BaseUrl::is_https));
        let transport = Transport::new(tls, token)?;
        Ok(Self { transport, addresses: Arc::new(Addresses::new(urls)) })
    }

    /// What each process of a service says of itself, at all addresses of its names.
    pub async fn seen(&self, service: Service) -> Vec<Seen> {
        let addresses = match self.addresses.of(service).await {
            Ok(addresses) => addresses,
            Err(unresolved) => {
                return unresolved.into_iter().map(|address| Seen { address, about: None }).collect();
            }
        };
        join_all(addresses.iter().map(async |address: &Address| {
            let limit = self.addresses.limit(address);
            let about = self.transport.about(service, address, limit).await;
            if about.is_none() {
                self.addresses.was_silent(address, limit);
            }
            Seen { address: address.shown.clone(), about }
        }))
        .await
    }
}
