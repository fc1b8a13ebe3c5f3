//! A connection to Redis that is replaced as soon as it can't be trusted any more.
//!
//! redis-rs' own connection manager keeps a connection after a timeout (whose late answer is then in the way) and
//! after READONLY (the old master after a failover): both stop the timers until a restart.

use std::{future::Future, time::Duration};

use process::config::CaFile;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisError, RedisResult,
    ServerErrorKind, TlsCertificates, aio::MultiplexedConnection, io::tcp::TcpSettings,
};
use socket2::TcpKeepalive;
use tokio::sync::Mutex;

use super::runs::{self, Runs};

const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
/// A command without an answer by then may well have been executed.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(3);
const KEEPALIVE: Duration = Duration::from_secs(5);

/// One connection for the whole process; commands are pipelined on it.
#[derive(Debug)]
pub(super) struct Connection {
    client: Client,
    config: AsyncConnectionConfig,
    current: Mutex<Current>,
    runs: Runs,
}

#[derive(Default)]
struct Current {
    /// Tells a broken connection from the one that has replaced it meanwhile.
    generation: u64,
    connection: Option<MultiplexedConnection>,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Current").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects at the first command.
    ///
    /// # Errors
    /// When `url` is not a Redis URL, or none with TLS though there is a `ca`.
    pub(super) fn new(url: &str, ca: Option<&CaFile>) -> RedisResult<Self> {
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE).with_retries(2);
        let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(3 * KEEPALIVE);
        let info = url.into_connection_info()?.set_tcp_settings(tcp);
        // CLIENT SETINFO is of 7.2: an access list that names it is refused by 7.0.
        let settings = info.redis_settings().clone().set_skip_set_lib_name();
        let info = info.set_redis_settings(settings);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTION_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        Ok(Self { client: client(info, ca)?, config, current: Mutex::default(), runs: Runs::default() })
    }

    /// Runs one command or script. After an error that casts doubt on the connection the next call has a new one.
    ///
    /// # Errors
    /// The result of the command or the connection; a timeout says nothing about whether the command was executed.
    pub(super) async fn run<T, F, R>(&self, command: F) -> RedisResult<T>
    where
        F: FnOnce(MultiplexedConnection) -> R,
        R: Future<Output = RedisResult<T>>,
    {
        let (generation, connection) = self.get().await?;
        let result = command(connection).await;
        if result.as_ref().is_err_and(is_doubtful) {
            self.discard(generation).await;
        }
        result
    }

    async fn get(&self) -> RedisResult<(u64, MultiplexedConnection)> {
        let mut current = self.current.lock().await;
        let connection = match &current.connection {
            Some(connection) => connection.clone(),
            None => {
                let mut opened =
                    self.client.get_multiplexed_async_connection_with_config(&self.config).await?;
                // Before the first write: whatever this server acknowledges may be lost with it.
                let info: String = redis::cmd("INFO").arg("replication").query_async(&mut opened).await?;
                self.runs.note(runs::of(&info));
                current.generation += 1;
                current.connection.insert(opened).clone()
            }
        };
        Ok((current.generation, connection))
    }

    /// In which runs it has been.
    pub(super) fn runs(&self) -> &Runs {
        &self.runs
    }

    async fn discard(&self, generation: u64) {
        let mut current = self.current.lock().await;
        if current.generation == generation {
            current.connection = None;
        }
    }
}

fn client(info: ConnectionInfo, ca: Option<&CaFile>) -> RedisResult<Client> {
    let Some(ca) = ca else { return Client::open(info) };
    Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert: Some(ca.pem().to_vec()) })
}

fn is_doubtful(error: &RedisError) -> bool {
    error.is_timeout()
        || error.is_io_error()
        || error.is_connection_dropped()
        || error.is_unrecoverable_error()
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_peer_is_noticed_with_tls_as_without() {
        let certificates = testkit::Certificates::new().unwrap();
        let ca = CaFile::read(certificates.path("ca.pem").to_str().unwrap()).unwrap();
        for (url, ca) in [("redis://redis", None), ("rediss://redis", None), ("rediss://redis", Some(&ca))] {
            let connection = Connection::new(url, ca).unwrap();
            let tcp = connection.client.get_connection_info().tcp_settings();
            assert!(tcp.nodelay() && tcp.keepalive().is_some(), "{url} {ca:?}: {tcp:?}");
            #[cfg(target_os = "linux")]
            assert_eq!(tcp.user_timeout(), Some(3 * KEEPALIVE), "{url} {ca:?}");
        }
    }
}
