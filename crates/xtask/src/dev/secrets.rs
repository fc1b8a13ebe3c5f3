//! The throw-away users and passwords of a cluster on a laptop, from the file that gives them to it.

use common::Service;
use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result};
use platform::Stores;
use testkit::paths;

const FILE: &str = "infra/k8s/components/throwaway-secrets/kustomization.yaml";

/// What leads to no store. Here a stand-in takes the money, at the gateway of the services that run here; their shop has a key
/// of its own, and their `console` tokens of its own.
const NO_STORES: [&str; 6] = [
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "PUBLIC_URL",
    "FORM_KEY",
    "OPERATOR_TOKENS",
    "VIEWER_TOKENS",
];

/// What each secret holds.
type Secrets = BTreeMap<String, BTreeMap<String, String>>;

/// What each service is told of its stores, with the addresses in the cluster replaced by ports on 127.0.0.1; `port` knows
/// them by a URL's scheme.
///
/// # Errors
/// When the file is not to be read or lacks something; the text names it.
pub(super) fn stores(port: impl Fn(&str) -> Option<u16>) -> Result<Stores> {
    let path = paths::repository().join(FILE);
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    told(&parse(&text), port).with_context(|| format!("read the users and passwords in {FILE}"))
}

fn told(secrets: &Secrets, port: impl Fn(&str) -> Option<u16>) -> Result<Stores> {
    let mut stores = Stores::default();
    for service in Service::OURS {
        let secret = format!("{service}-secret");
        let own = secrets.get(&secret).with_context(|| format!("there is no secret {secret}"))?;
        for (variable, url) in own.iter().filter(|(name, _)| !NO_STORES.contains(&name.as_str())) {
            let here = forwarded(url, &port).with_context(|| {
                format!("{variable} of {secret} is no address of NATS, Redis or Postgres, such as nats://user:password@host:4222")
            })?;
            stores.set(service, variable, here);
        }
        if service.has_database() {
            let key = secrets.get("jwt-secret").and_then(|secret| secret.get("JWT_KEY"));
            stores.set(service, "JWT_KEY", key.context("there is no JWT_KEY in a secret jwt-secret")?);
        }
    }
    Ok(stores)
}

/// The literals of a `secretGenerator`, which this file has and nothing else.
fn parse(text: &str) -> Secrets {
    let mut secrets = Secrets::new();
    let mut current = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("- name: ") {
            current = name.to_owned();
        } else if let Some((name, value)) = line.strip_prefix("- ").and_then(|entry| entry.split_once('=')) {
            secrets.entry(current.clone()).or_default().insert(name.to_owned(), value.to_owned());
        }
    }
    secrets
}

/// The URL with another host and port.
fn forwarded(url: &str, port: impl Fn(&str) -> Option<u16>) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (user, place) = rest.rsplit_once('@')?;
    let path = place.find('/').map_or("", |begin| &place[begin..]);
    Some(format!("{scheme}://{user}@127.0.0.1:{}{path}", port(scheme)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(scheme: &str) -> Option<u16> {
        ["nats", "redis", "postgres"].iter().position(|known| *known == scheme).map(|place| place as u16 + 1)
    }

    #[test]
    fn the_file_of_the_cluster_tells_each_service_of_its_stores() {
        let stores = stores(port).unwrap();
        for name in Service::OURS.into_iter().filter(|name| name.has_database()) {
            let expected = format!("postgres://{name}:throw-away@127.0.0.1:3/{name}");
            assert_eq!(stores.database_url(name), Some(expected.as_str()));
        }
    }

    #[test]
    fn an_address_in_the_cluster_becomes_a_port_here() {
        let nats = forwarded("nats://orders:p@ss@nats-srv:4222", port);
        assert_eq!(nats.as_deref(), Some("nats://orders:p@ss@127.0.0.1:1"));
        let redis = forwarded("redis://a:b@redis-srv:6379/0", port);
        assert_eq!(redis.as_deref(), Some("redis://a:b@127.0.0.1:2/0"));
        for url in ["http://a:b@c", "nats-srv:4222", ""] {
            assert_eq!(forwarded(url, port), None, "{url}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, told_of) in [
            ("", "auth-secret"),
            ("- name: auth-secret\n  - DATABASE_URL=postgres://a:b@c:1/d", "JWT_KEY"),
            ("- name: auth-secret\n  - DATABASE_URL=mysql://a:b@c:1/d", "DATABASE_URL of auth-secret"),
        ] {
            let error = format!("{:#}", told(&parse(text), port).unwrap_err());
            assert!(error.contains(told_of), "{text}: {error}");
        }
    }
}
