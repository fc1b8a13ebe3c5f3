//! The settings of `expiration`.

use std::time::Duration;

use http_common::InternalToken;
use messaging::NatsSettings;
use process::config::{CaFile, Environment, duration};
use redis::{ConnectionAddr, IntoConnectionInfo};
use secrecy::{ExposeSecret, SecretString};

/// Settings beside those that every service has.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `NATS_*`: the broker.
    pub nats: NatsSettings,
    /// Where the schedule is. May hold a password.
    pub redis_url: SecretString,
    /// The CA certificates to trust instead of the system's authorities (`REDIS_CA_FILE`).
    pub redis_ca: Option<CaFile>,
    /// Longest timer accepted (`EXPIRATION_MAX_DELAY`).
    pub max_delay: Duration,
    /// With which `console` asks (`INTERNAL_TOKEN`); without one it gets no answer.
    pub internal_token: Option<InternalToken>,
}

impl Settings {
    /// Reads `REDIS_URL` or `REDIS_HOST`, `REDIS_CA_FILE`, `EXPIRATION_MAX_DELAY` and `INTERNAL_TOKEN`.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let nats = NatsSettings::read(env);
        let redis_url = read_redis(env);
        let redis_ca = read_ca(env, redis_url.as_ref());
        let max_delay =
            env.or("EXPIRATION_MAX_DELAY", "longest timer accepted", "366d", duration::parse_positive);
        let internal_token = InternalToken::read(env);
        Some(Self { nats: nats?, redis_url: redis_url?, redis_ca, max_delay: max_delay?, internal_token })
    }
}

fn read_redis(env: &mut Environment) -> Option<SecretString> {
    let both = env.is_set("REDIS_URL") && env.is_set("REDIS_HOST");
    if both {
        env.mistake("REDIS_HOST", "is set together with REDIS_URL: set one of the two");
    }
    let host = env.optional(
        "REDIS_HOST",
        "`host` or `host:port`, instead of `REDIS_URL`; both set is a mistake",
        host_url,
    );
    let host_is_wrong = env.is_set("REDIS_HOST") && host.is_none();
    let url = env.optional_secret(
        "REDIS_URL",
        "the schedule; `redis://127.0.0.1:6379` if neither this nor `REDIS_HOST` is set",
        check_url,
    );
    let url_is_wrong = env.is_set("REDIS_URL") && url.is_none();
    if both || host_is_wrong || url_is_wrong {
        return None;
    }
    Some(url.or(host.map(SecretString::from)).unwrap_or_else(|| "redis://127.0.0.1:6379".into()))
}

fn check_url(text: &str) -> Result<(), &'static str> {
    match text.into_connection_info().as_ref().map(|info| info.addr()) {
        Ok(ConnectionAddr::TcpTls { insecure: true, .. }) => {
            Err("ends in #insecure, which would trust anybody; leave it out and name the CA in REDIS_CA_FILE")
        }
        Ok(_) => Ok(()),
        Err(_) => Err("is not a Redis URL, such as redis://:password@redis:6379/0, or rediss:// for TLS"),
    }
}

/// A file without a URL that asks for TLS is a mistake: setting it means to encrypt the connection.
fn read_ca(env: &mut Environment, url: Option<&SecretString>) -> Option<CaFile> {
    let ca = env.optional("REDIS_CA_FILE", "PEM file with the CA certificates that sign Redis' certificate, instead of the system's authorities; needs a `REDIS_URL` that begins with `rediss://`", CaFile::read);
    if ca.is_some() && url.is_some_and(|url| !has_tls(url.expose_secret())) {
        env.mistake(
            "REDIS_CA_FILE",
            "is of no use without TLS; expected a REDIS_URL that begins with rediss://",
        );
    }
    ca
}

fn has_tls(url: &str) -> bool {
    url.into_connection_info().is_ok_and(|info| matches!(info.addr(), ConnectionAddr::TcpTls { .. }))
}

/// `host` or `host:port`.
fn host_url(text: &str) -> Result<String, String> {
    let url = format!("redis://{text}");
    let plain = !text.contains(['/', '@', '?', '#', ' ']);
    match redis::parse_redis_url(&url) {
        Some(parsed) if plain && parsed.port() != Some(0) => Ok(url),
        _ => Err("is not a host or host:port, such as redis or redis:6379".to_owned()),
    }
}
