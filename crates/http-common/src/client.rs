//! A client of HTTP and HTTPS, for the services that ask others.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::body::Body;
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// A pool of connections. Cheap to clone.
pub type HttpsClient = Client<HttpsConnector<HttpConnector>, Body>;

/// What is kept of connections.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// How long one may take to be there.
    pub connect_limit: Duration,
    /// How long one may idle. Who is between may forget it later, without a word.
    pub idle_limit: Duration,
    /// How many idle ones are kept to each host.
    pub most_idle: usize,
    /// Whether an address begins with `https:`. Only then the certificates are read that the system trusts.
    pub tls: bool,
}

/// A client with Rustls and ring, which needs no provider of the process.
///
/// # Errors
/// When TLS is needed and the system has no certificates to trust.
pub fn https_client(pool: Pool) -> anyhow::Result<HttpsClient> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(pool.connect_limit));
    http.set_keepalive(Some(pool.idle_limit));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls(pool.tls)?)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(pool.idle_limit)
        .pool_max_idle_per_host(pool.most_idle)
        .build(connector))
}

fn tls(is_needed: bool) -> anyhow::Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("TLS")?;
    if !is_needed {
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    Ok(builder.with_native_roots().context("the certificates that this system trusts")?.with_no_client_auth())
}
