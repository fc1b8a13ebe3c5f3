//! The replicas of a service, and the connection to one of them.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use axum::http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::Service;

/// Connects to the replica whose turn it is, or to the next one that takes a connection.
///
/// This is the only place where a replica is passed over: nothing of the request is sent yet, so it can't have been
/// executed.
#[derive(Clone, Debug)]
pub(super) struct Replicas(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    addresses: Vec<SocketAddr>,
    next: AtomicUsize,
}

impl Replicas {
    pub(super) fn new(addresses: Vec<SocketAddr>) -> Self {
        Self(Arc::new(Inner { addresses, next: AtomicUsize::new(0) }))
    }

    async fn connect(self) -> io::Result<TokioIo<TcpStream>> {
        let Inner { addresses, next } = &*self.0;
        let mut failed = io::Error::new(io::ErrorKind::NotConnected, "it has no replica");
        let first = next.fetch_add(1, Ordering::Relaxed);
        for turn in 0..addresses.len() {
            let address = addresses[first.wrapping_add(turn) % addresses.len()];
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(TokioIo::new(stream));
                }
                Err(error) => failed = io::Error::new(error.kind(), format!("connect to {address}: {error}")),
            }
        }
        Err(failed)
    }
}

impl Service<Uri> for Replicas {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().connect())
    }
}
