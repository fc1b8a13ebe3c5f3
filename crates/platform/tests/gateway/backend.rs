//! Services of a few lines, each on a socket of its own.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::Router;
use tokio::{io::AsyncReadExt as _, net::TcpListener, sync::oneshot};

/// An HTTP server that is gone when it is dropped.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    server: tokio::task::JoinHandle<()>,
}

impl Backend {
    /// Answers every request by this router.
    pub(crate) async fn start(routes: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, server: tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() }) }
    }

    /// Answers every request with its own name.
    pub(crate) async fn named(name: &'static str) -> Self {
        Self::start(Router::new().fallback(async move || name)).await
    }

    /// Stops to listen, as a process that was killed.
    pub(crate) async fn kill(self) {
        self.server.abort();
        let _ = self.server.await;
    }
}

/// Takes requests, counts them, and breaks the connection before it has answered one.
pub(crate) struct Breaker {
    pub(crate) address: SocketAddr,
    taken: Arc<AtomicUsize>,
    _stop: oneshot::Sender<()>,
}

impl Breaker {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, taken) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let (stop, stopped) = oneshot::channel::<()>();
        let counted = Arc::clone(&taken);
        let breaks = async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                if stream.read(&mut request).await.unwrap() > 0 {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            }
        };
        tokio::spawn(async move {
            tokio::select! {
                () = breaks => {}
                _ = stopped => {}
            }
        });
        Self { address, taken, _stop: stop }
    }

    /// Requests that it has taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }
}
