//! The least that a page can cost: a handler of axum that has it ready. A process of its own, as the shop is.

use anyhow::{Context, Result};
use axum::{Router, response::Html, routing::get};
use bytes::Bytes;

/// How this process is told to be it; the page comes behind it.
pub(crate) const ARGUMENT: &str = "minimal-handler";

/// Serves the page at `HTTP_ADDR` until it is killed.
pub(crate) async fn serve(page: String) -> Result<()> {
    let address = testkit::paths::variable("HTTP_ADDR").context("HTTP_ADDR is not set")?;
    let listener = tokio::net::TcpListener::bind(address.to_string_lossy().as_ref()).await?;
    let page = Bytes::from(page);
    let routes = Router::new().route("/readyz", get(async || "ok")).route("/", get(async move || Html(page)));
    axum::serve(listener, routes).await?;
    Ok(())
}
