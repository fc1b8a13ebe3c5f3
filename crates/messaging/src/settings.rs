//! Where the broker is, and who we are to it.

use std::fmt;

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

use process::config::{CaFile, Environment, parse};

const EXPECTED: &str = "expected one or more addresses, comma-separated, such as nats://127.0.0.1:4222";

/// Where the broker is, and who we are to it: all that a [`crate::Listener`] needs. `Debug` shows no user and no password.
#[derive(Clone)]
pub struct NatsServers {
    /// `NATS_URL`: the servers of one cluster; at least one. A user and password in a URL are kept.
    pub addresses: Vec<ServerAddr>,
    /// `NATS_CA_FILE`: the certificates to trust instead of the system's authorities.
    pub ca_file: Option<CaFile>,
    /// `NATS_CLIENT_ID`: the connection's name in the broker's own reports.
    pub client_id: String,
}

/// The broker, and what a service has there that publishes or consumes.
#[derive(Clone, Debug)]
pub struct NatsSettings {
    /// Where it is.
    pub servers: NatsServers,
    /// `NATS_CLUSTER_ID`: prefix of the stream names, 1 to 64 characters of `[A-Za-z0-9_-]`.
    pub cluster_id: String,
    /// `NATS_REPLICAS`: copies of a stream that has to be created, 1 to 5.
    pub replicas: u8,
    /// `NATS_STREAM_BYTES`: what a stream that has to be created may hold.
    pub stream_bytes: i64,
}

impl NatsServers {
    /// Reads what of the `NATS_*` variables leads to the broker. Called by the settings of a service that only listens.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let addresses = env.or(
            "NATS_URL",
            "one or more addresses, comma-separated; `http://` is read as `nats://`",
            "nats://127.0.0.1:4222",
            parse_addresses,
        );
        let ca_file = read_ca_file(env, addresses.as_deref());
        let client_id = read_client_id(env);
        Some(Self { addresses: addresses?, ca_file, client_id: client_id? })
    }

    /// Whether every connection has to be encrypted: one address that asks for it is enough.
    pub fn requires_tls(&self) -> bool {
        self.addresses.iter().any(ServerAddr::tls_required)
    }

    /// The user and the password in the first address that has them, decoded: the client takes none from a URL by itself.
    pub fn credentials(&self) -> Option<(String, String)> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        self.addresses
            .iter()
            .find_map(|address| Some((decoded(address.username()?), decoded(address.password()?))))
    }
}

impl NatsSettings {
    /// Reads the `NATS_*` variables. Called by the settings of each service that publishes or consumes.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let servers = NatsServers::read(env);
        let cluster_id =
            env.or("NATS_CLUSTER_ID", "prefix of the stream names", "ticketing", parse_cluster_id);
        let replicas = env.or(
            "NATS_REPLICAS",
            "copies of a stream that has to be created",
            "1",
            parse::number_in(1..=5),
        );
        let stream_bytes = env.or(
            "NATS_STREAM_BYTES",
            "what each stream that has to be created may hold, in bytes; the broker's store has to be larger than eight of them",
            "1073741824",
            parse::number_in(1_000_000..=1 << 50),
        );
        Some(Self {
            servers: servers?,
            cluster_id: cluster_id?,
            replicas: replicas?,
            stream_bytes: stream_bytes?,
        })
    }
}

impl fmt::Debug for NatsServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses: Vec<_> =
            self.addresses.iter().map(|address| format!("{}:{}", address.host(), address.port())).collect();
        f.debug_struct("NatsServers")
            .field("addresses", &addresses)
            .field("ca_file", &self.ca_file)
            .field("client_id", &self.client_id)
            .finish()
    }
}

/// `async_nats` does not split a list, so it is done here. Existing deployments say `http://` and mean `nats://`.
fn parse_addresses(text: &str) -> Result<Vec<ServerAddr>, String> {
    let has_password = text.contains('@');
    let pieces = text.split(',').map(str::trim).filter(|piece| !piece.is_empty());
    let addresses: Vec<_> = pieces
        .enumerate()
        .map(|(index, piece)| {
            parse_address(piece)
                .map_err(|wrong| format!("{} {wrong}; {EXPECTED}", shown(index, piece, has_password)))
        })
        .collect::<Result<_, _>>()?;
    if addresses.is_empty() { Err(format!("holds no address; {EXPECTED}")) } else { Ok(addresses) }
}

fn parse_address(piece: &str) -> Result<ServerAddr, &'static str> {
    let (scheme, rest) = piece.split_once("://").unwrap_or(("nats", piece));
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "nats" | "http" => "nats",
        "tls" => "tls",
        _ => return Err("has a scheme that is not nats://, tls:// or http://"),
    };
    let address: ServerAddr = format!("{scheme}://{rest}").parse().map_err(|_| "is not an address")?;
    if address.host().is_empty() {
        return Err("has no host");
    }
    let url = address.clone().into_inner();
    // A `/`, `?` or `#` in a password would otherwise end the host early and connect to somebody else.
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err("has something after the port (in a password, write / ? # as %2F %3F %23)");
    }
    Ok(address)
}

/// Names an address without its password. A comma in a password tears the list apart in the wrong place, so that a
/// piece without an `@` may still be half a password.
fn shown(index: usize, piece: &str, has_password: bool) -> String {
    let number = index + 1;
    match piece.rsplit_once('@') {
        Some((_, host)) => format!("address {number} (`...@{host}`)"),
        None if has_password => format!("address {number} (not shown, a password may be part of it)"),
        None => format!("`{piece}`"),
    }
}

/// A file without an address that asks for TLS is a mistake: setting it means to encrypt the connection.
fn read_ca_file(env: &mut Environment, addresses: Option<&[ServerAddr]>) -> Option<CaFile> {
    let ca_file = env.optional("NATS_CA_FILE", "PEM file with the CA certificates that sign the broker's certificate, instead of the system's authorities; needs a `tls://` address in `NATS_URL`, and one such address makes every connection to the broker encrypted", CaFile::read);
    let is_plain = addresses.is_some_and(|addresses| !addresses.iter().any(ServerAddr::tls_required));
    if ca_file.is_some() && is_plain {
        env.mistake(
            "NATS_CA_FILE",
            "is of no use without TLS; expected an address in NATS_URL that begins with tls://",
        );
    }
    ca_file
}

fn parse_cluster_id(text: &str) -> Result<String, String> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&text.len()) && text.bytes().all(legal) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` cannot begin a stream name; expected 1 to 64 letters, digits, `_` or `-`, such as ticketing"
    ))
}

/// On Kubernetes the host name is the pod's name.
fn read_client_id(env: &mut Environment) -> Option<String> {
    let given = env.optional(
        "NATS_CLIENT_ID",
        "connection name; the host name if it is not set, which on Kubernetes is the pod's name",
        parse_client_id,
    );
    if env.is_set("NATS_CLIENT_ID") {
        return given;
    }
    let host_name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    parse_client_id(&host_name)
        .map_err(|wrong| env.mistake("NATS_CLIENT_ID", format!("is missing, and the host name {wrong}")))
        .ok()
}

fn parse_client_id(text: &str) -> Result<String, String> {
    if (1..=128).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} cannot name a connection; expected 1 to 128 printable characters, such as orders-1"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Vec<String> {
        let addresses = parse_addresses(text).unwrap();
        addresses
            .iter()
            .map(|address| format!("{}://{}:{}", address.scheme(), address.host(), address.port()))
            .collect()
    }

    #[test]
    fn every_known_form_of_an_address_is_read() {
        assert_eq!(hosts("nats://127.0.0.1:4222"), ["nats://127.0.0.1:4222"]);
        assert_eq!(hosts("http://nats-srv:4222"), ["nats://nats-srv:4222"]);
        assert_eq!(hosts("HTTP://nats-srv"), ["nats://nats-srv:4222"]);
        assert_eq!(hosts("nats-srv:4333"), ["nats://nats-srv:4333"]);
        assert_eq!(hosts("tls://nats-srv"), ["tls://nats-srv:4222"]);
        assert_eq!(hosts("a:1, nats://b , http://[::1]:3,"), ["nats://a:1", "nats://b:4222", "nats://::1:3"]);
    }

    #[test]
    fn user_and_password_are_kept_but_not_shown() {
        let env = [("NATS_URL", "http://ann:hunter2@nats-srv:4222")];
        let settings = NatsSettings::read(&mut Environment::from_pairs(env)).unwrap();
        assert_eq!(settings.servers.addresses[0].username(), Some("ann"));
        assert_eq!(settings.servers.addresses[0].password(), Some("hunter2"));
        assert_eq!(settings.servers.credentials(), Some(("ann".to_owned(), "hunter2".to_owned())));
        let debug = format!("{settings:?}");
        assert!(
            debug.contains("nats-srv:4222") && !debug.contains("hunter2") && !debug.contains("ann"),
            "{debug}"
        );
    }

    #[test]
    fn a_password_may_hold_what_a_url_may_not() {
        let env = [("NATS_URL", "nats://a:1,nats://ann:hunter%2F2%3f@b:2")];
        let settings = NatsSettings::read(&mut Environment::from_pairs(env)).unwrap();
        assert_eq!(settings.servers.credentials(), Some(("ann".to_owned(), "hunter/2?".to_owned())));
        let none = NatsSettings::read(&mut Environment::from_pairs([("NATS_URL", "nats://a:1")])).unwrap();
        assert_eq!(none.servers.credentials(), None);
    }

    #[test]
    fn a_wrong_address_is_named_without_its_password() {
        for (text, shown) in [
            ("nats://ok:1,redis://ann:hunter2@other:6379", "address 2 (`...@other:6379`)"),
            ("nats://ann:hunter2,hunter2@srv:4222", "address 1 (not shown"),
            ("nats://ann:hunter2@srv:port", "address 1 (`...@srv:port`)"),
            ("nats://ann:hunter2/hunter2@srv:4222", "address 1 (`...@srv:4222`)"),
            ("nats://ann:4/hunter2@srv:4222", "address 1 (`...@srv:4222`)"),
            ("wss://srv", "`wss://srv` has a scheme"),
            ("nats://", "`nats://`"),
            (",", "holds no address"),
        ] {
            let wrong = parse_addresses(text).unwrap_err();
            assert!(wrong.contains(shown) && !wrong.contains("hunter2"), "{text}: {wrong}");
        }
    }

    #[test]
    fn a_cluster_id_that_cannot_begin_a_stream_name_is_refused() {
        for text in ["a.b", "a b", "a*", "ü", &"x".repeat(65)] {
            assert!(parse_cluster_id(text).is_err(), "{text}");
        }
        assert_eq!(parse_cluster_id("Ticketing_2-eu").as_deref(), Ok("Ticketing_2-eu"));
    }

    #[test]
    fn the_host_names_the_connection_by_default() {
        let settings = NatsSettings::read(&mut Environment::from_pairs([("NATS_CLIENT_ID", " ")])).unwrap();
        let host_name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        assert_eq!(settings.servers.client_id, host_name);
    }

    #[test]
    fn every_mistake_about_the_broker_is_reported_at_once() {
        let mut env = Environment::from_pairs([
            ("NATS_URL", "redis://127.0.0.1"),
            ("NATS_CLUSTER_ID", "a.b"),
            ("NATS_CLIENT_ID", "a\u{7}b"),
            ("NATS_REPLICAS", "6"),
        ]);
        let settings = NatsSettings::read(&mut env);
        let text = env.finish(settings).map(drop).unwrap_err().to_string();
        let lines: Vec<_> = text.lines().collect();
        let expected = [
            "4 mistakes in the environment variables:",
            "  NATS_URL: `redis://127.0.0.1` has a scheme",
            "  NATS_CLIENT_ID: \"a\\u{7}b\" cannot name",
            "  NATS_CLUSTER_ID: `a.b` cannot begin",
            "  NATS_REPLICAS: `6` is not a whole number from 1 to 5",
        ];
        assert_eq!(lines.len(), expected.len(), "{text}");
        for (line, begin) in lines.iter().zip(expected) {
            assert!(line.starts_with(begin), "{line}\ndoes not begin with\n{begin}");
        }
    }

    #[test]
    fn without_variables_the_broker_is_on_this_machine() {
        let mut env = Environment::from_pairs([("NATS_URL", "")]);
        let settings = NatsSettings::read(&mut env).unwrap();
        assert_eq!(settings.servers.addresses[0].as_url_str(), "nats://127.0.0.1:4222");
        assert_eq!((settings.cluster_id.as_str(), settings.replicas), ("ticketing", 1));
    }
}
