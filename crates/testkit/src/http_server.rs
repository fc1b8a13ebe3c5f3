//! The HTTP API of a service on a port of its own, in the process of its test.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use axum::Router;
use reqwest::{Client, Method, RequestBuilder, Response};

/// More than any request may take: the test fails by what it expects, not by this.
const PATIENCE: Duration = Duration::from_secs(30);

/// An API that is served until the test's runtime ends, and a client of it.
#[derive(Clone, Debug)]
pub struct HttpServer {
    url: String,
    client: Client,
}

impl HttpServer {
    /// Serves these routes, with the address of each client.
    ///
    /// # Errors
    /// When there is no port to listen on.
    pub async fn serve(api: Router) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.context("listen on loopback")?;
        let url = format!("http://{}", listener.local_addr().context("the address of a listener")?);
        let service = api.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().context("make an HTTP client")?;
        Ok(Self { url, client })
    }

    /// A request for this path.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }
}

/// Sends a request with this JSON text as its body.
///
/// # Errors
/// When no answer comes.
pub async fn send_json(request: RequestBuilder, body: &str) -> Result<Response> {
    let request = request.header("content-type", "application/json").body(body.to_owned());
    request.send().await.context("send a request")
}
