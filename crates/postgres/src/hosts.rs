//! Where the server is: one host, or several of which one takes writes.
//!
//! sqlx knows one host a connection; the list, and the choice between its hosts, are libpq's
//! (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS>).

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

/// The hosts of one database, in the order in which they are tried. `Debug` shows no password.
#[derive(Clone, Debug)]
pub struct Hosts(Vec<PgConnectOptions>);

/// Why a text is no address of a database. It does not show it: there is a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidHosts(pub &'static str);

const NO_ADDRESS: InvalidHosts = InvalidHosts(
    "is no address of a Postgres database; expected one such as postgres://user:password@host:5432/orders, with more hosts after a comma",
);
const NO_WRITES: InvalidHosts = InvalidHosts(
    "asks by target_session_attrs for a server that may take no writes; expected read-write or primary",
);
const ATTRIBUTES: &str = "target_session_attrs";

impl Hosts {
    /// The host to try, counted round and round.
    pub(crate) fn get(&self, nth: usize) -> &PgConnectOptions {
        &self.0[nth % self.0.len()]
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The same with `change` made to each.
    pub(crate) fn map(self, change: impl Fn(PgConnectOptions) -> PgConnectOptions) -> Self {
        Self(self.0.into_iter().map(change).collect())
    }
}

impl From<PgConnectOptions> for Hosts {
    fn from(options: PgConnectOptions) -> Self {
        Self(vec![options])
    }
}

impl FromStr for Hosts {
    type Err = InvalidHosts;

    /// Reads `postgres://user:password@one:5432,two:5433/database?target_session_attrs=read-write`. The attribute changes
    /// nothing, because a server that takes writes is preferred anyway, but one that would is refused.
    fn from_str(url: &str) -> Result<Self, InvalidHosts> {
        let (scheme, rest) = url.trim().split_once("://").ok_or(NO_ADDRESS)?;
        if !matches!(scheme, "postgres" | "postgresql") {
            return Err(NO_ADDRESS);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
        let at = if authority.contains('@') { "@" } else { "" };
        let path = without_attributes(path)?;
        let read = |host: &str| format!("postgres://{user}{at}{host}{path}").parse();
        let hosts: Result<Vec<PgConnectOptions>, _> = hosts.split(',').map(read).collect();
        hosts.map(Self).map_err(|_| NO_ADDRESS)
    }
}

/// sqlx does not know the attribute.
fn without_attributes(path: &str) -> Result<String, InvalidHosts> {
    let Some((path, query)) = path.split_once('?') else { return Ok(path.to_owned()) };
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some((ATTRIBUTES, "any" | "read-write" | "primary")) => {}
            Some((ATTRIBUTES, _)) => return Err(NO_WRITES),
            _ => kept.push(pair),
        }
    }
    Ok(if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Vec<(String, u16)> {
        let Hosts(hosts) = url.parse().unwrap();
        hosts.iter().map(|options| (options.get_host().to_owned(), options.get_port())).collect()
    }

    #[test]
    fn every_host_of_a_list_is_read_with_its_port() {
        assert_eq!(hosts("postgres://u:pass@db/orders"), [("db".to_owned(), 5432)]);
        let several =
            "postgresql://u:p@one,two:5433,[::1]:5434/orders?target_session_attrs=read-write&sslmode=disable";
        let expected =
            [("one", 5432), ("two", 5433), ("::1", 5434)].map(|(host, port)| (host.to_owned(), port));
        let read: Vec<_> = hosts(several)
            .into_iter()
            .map(|(host, port)| (host.trim_matches(['[', ']']).to_owned(), port))
            .collect();
        assert_eq!(read, expected);
        let Hosts(all) = several.parse().unwrap();
        assert!(all.iter().all(|options| options.get_database() == Some("orders")));
    }

    #[test]
    fn what_is_no_address_or_asks_for_a_server_without_writes_is_refused() {
        for url in [
            "",
            "orders",
            "mysql://u@db/orders",
            "postgres://u@db:port/orders",
            "postgres://u@one,two:x/orders",
        ] {
            assert_eq!(url.parse::<Hosts>().unwrap_err(), NO_ADDRESS, "{url}");
        }
        for attributes in ["read-only", "standby", "prefer-standby", ""] {
            let url = format!("postgres://u@db/orders?target_session_attrs={attributes}");
            assert_eq!(url.parse::<Hosts>().unwrap_err(), NO_WRITES, "{attributes}");
        }
    }
}
