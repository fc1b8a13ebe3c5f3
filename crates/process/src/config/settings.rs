//! The settings that every service has.

use std::{net::SocketAddr, time::Duration};

use super::{Environment, LogSettings, duration, parse};

/// The settings that every service has.
#[derive(Clone, Debug)]
pub struct CommonSettings {
    /// `HTTP_ADDR`: where the API, the probes and the metrics are served.
    pub http_addr: SocketAddr,
    /// `HTTP_IDLE_TIMEOUT`: how long a connection without a request is kept.
    pub http_idle_timeout: Duration,
    /// `SHUTDOWN_TIMEOUT`: limit of the drain.
    pub shutdown_timeout: Duration,
    /// `LOG_FORMAT` and `RUST_LOG`: the logs.
    pub log: LogSettings,
}

impl CommonSettings {
    /// Reads the variables that all services share. Called by [`crate::run()`].
    pub fn read(env: &mut Environment) -> Option<Self> {
        let http_addr = http_addr(env);
        let http_idle_timeout = env.or(
            "HTTP_IDLE_TIMEOUT",
            "how long an idle connection is kept: longer than the proxy in front keeps one (Envoy 1h, cloud balancers 10m), or it sends a request just when it is closed",
            "65m",
            duration::parse_positive,
        );
        let shutdown_timeout =
            env.or("SHUTDOWN_TIMEOUT", "limit of the drain", "20s", duration::parse_positive);
        let log = LogSettings::read(env);
        Some(Self {
            http_addr: http_addr?,
            http_idle_timeout: http_idle_timeout?,
            shutdown_timeout: shutdown_timeout?,
            log: log?,
        })
    }
}

/// Reads `HTTP_ADDR`. Called also by `healthcheck`, which needs nothing else.
pub(crate) fn http_addr(env: &mut Environment) -> Option<SocketAddr> {
    env.or(
        "HTTP_ADDR",
        "where the API, the probes and the metrics are served; `[::]` is every IPv4 address too",
        "[::]:3000",
        parse::socket_addr,
    )
}
