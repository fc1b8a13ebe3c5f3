//! One local address in front of every service, which routes as the ingress does.
//!
//! `replicas` chooses whom to connect to, `forward` sends a request on once, `headers` tells the service who asked;
//! `way_back` is where a buyer lands who has paid.

mod forward;
mod headers;
mod replicas;
mod way_back;

use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::{Router, serve::ListenerExt as _};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use testkit::Port;

/// Whose requests go where.
#[derive(Clone, Debug)]
pub struct Route {
    /// Whole segments at the beginning of the path, such as `/api/orders`.
    pub prefix: &'static str,
    /// The service's name, for the error when none of its replicas answers.
    pub service: &'static str,
    /// Where its replicas listen. They take turns.
    pub replicas: Vec<SocketAddr>,
}

/// A proxy of HTTP on one address. Dropped, it takes no more requests and finishes those in flight.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    // Fields are dropped in this order: the listener goes before the port is another's.
    _stop: DropGuard,
    _port: Option<Port>,
}

/// A [`Gateway`] whose address is taken and which does not answer yet.
#[derive(Debug)]
pub struct BoundGateway {
    listener: TcpListener,
    port: Option<Port>,
}

impl BoundGateway {
    /// Takes a free port on loopback.
    ///
    /// # Errors
    /// When none is free.
    pub async fn any() -> Result<Self> {
        let port = Port::take()?;
        let bound = Self::at(SocketAddr::from(([127, 0, 0, 1], port.number()))).await?;
        Ok(Self { port: Some(port), ..bound })
    }

    /// Takes this address.
    ///
    /// # Errors
    /// When another process has it.
    pub async fn at(address: SocketAddr) -> Result<Self> {
        let listener = process::http::listen(address)
            .with_context(|| format!("the gateway can't listen on {address}"))?;
        Ok(Self { listener, port: None })
    }

    /// `http://127.0.0.1:<port>`, where it will answer.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn url(&self) -> Result<String> {
        Ok(format!("http://{}", self.listener.local_addr().context("the address of the gateway")?))
    }

    /// Starts to answer, on this runtime. Of two routes that fit, the first is taken.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn serve(self, routes: Vec<Route>) -> Result<Gateway> {
        let address = self.listener.local_addr().context("the address of the gateway")?;
        // Small answers are not held back.
        let listener = self.listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let proxy = Router::new().fallback(forward::forward).with_state(forward::Routes::new(routes));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let server = axum::serve(listener, proxy.into_make_service_with_connect_info::<SocketAddr>());
        tokio::spawn(server.with_graceful_shutdown(stopped).into_future());
        Ok(Gateway { address, _stop: stop.drop_guard(), _port: self.port })
    }
}

impl Gateway {
    /// `http://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
