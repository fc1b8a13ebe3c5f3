//! The process's HTTP server: the service's API, the probes and the metrics on one address.

use std::net::SocketAddr;

use anyhow::Context;
use axum::{
    Router,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{health::Health, telemetry::Metrics};

/// Content type of the Prometheus text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Binds `HTTP_ADDR`. Separate from [`serve`], so that an address in use fails at once and by name.
///
/// # Errors
/// If the address cannot be bound.
pub async fn bind(addr: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(addr).await.with_context(|| {
        format!("cannot listen on {addr}: set HTTP_ADDR to a free address, such as 0.0.0.0:3001")
    })?;
    // Port 0 means any: the real one is only known here.
    let addr = listener.local_addr().context("the listener has no address")?;
    tracing::info!(%addr, "serving HTTP on {addr}");
    Ok(listener)
}

/// Serves until `stop` is cancelled, then finishes the requests in flight; the caller bounds how long that may take.
///
/// # Errors
/// If the listener breaks.
pub async fn serve(listener: TcpListener, routes: Router, stop: CancellationToken) -> anyhow::Result<()> {
    axum::serve(listener, routes)
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await
        .context("HTTP server")
}

/// The service's `api` with `/livez`, `/readyz` and `/metrics`.
pub fn routes(api: Router, health: &Health, metrics: &Metrics) -> Router {
    let (live, ready, metrics) = (health.clone(), health.clone(), metrics.clone());
    Router::new()
        .route("/livez", get(async move || probe(live.livez())))
        .route("/readyz", get(async move || probe(ready.readyz())))
        .route("/metrics", get(async move || ([(header::CONTENT_TYPE, METRICS_TYPE)], metrics.render())))
        .merge(api)
}

fn probe(state: Result<(), String>) -> impl IntoResponse {
    match state {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(complaints) => (StatusCode::SERVICE_UNAVAILABLE, complaints + "\n"),
    }
}
