//! Development only, never linked into a service: real NATS, Redis and Postgres servers and our own binaries, each
//! on a free port, with handles to stop, kill, pause, continue and restart them; clusters and pairs of servers, the network
//! between them, disks that are full and clocks that are wrong; a real browser; and assertions for tests.
//!
//! Everything started here dies with its handle, and with this process however that ends, `kill -9` included.
//!
//! Variables that a person may set: `NATS_SERVER_BIN`, `REDIS_SERVER_BIN` and `POSTGRES_BIN_DIR` name the servers to
//! use, `CHROMIUM_BIN` the browser, `TESTKIT_SERVERS` which end of the promised versions (see [`provide`]); `TESTKIT_KEEP=1` keeps data and logs, and says where.

pub mod browser;
mod certificates;
pub mod command;
mod cut_off;
mod dice;
mod disk;
mod fake_clock;
mod files;
mod find;
pub mod golden;
mod home;
mod host;
mod http_server;
mod interrupted;
mod nats;
mod nats_cluster;
pub mod node;
pub mod npm;
pub mod openapi;
mod output;
pub mod paths;
mod poll;
mod pooler;
mod port;
mod postgres;
mod process;
mod protocol;
mod publish;
mod redis_pair;
mod redis_server;
mod relay;
mod scratch_dir;
mod sentinel_group;
mod server;
mod service;
pub mod session;
mod snapshot;
pub mod stored;
pub mod terminal;
mod tree;
mod user;
mod watchdog;
pub mod wheels;

pub use certificates::Certificates;
pub use command::cargo;
pub use cut_off::cut_off;
pub use dice::Dice;
pub use disk::Disk;
pub use fake_clock::FakeClock;
pub use find::{Programs, Servers, UnknownServers, provide};
pub use host::Host;
pub use http_server::{HttpServer, send_json};
pub use interrupted::until_interrupted;
pub use nats::Nats;
pub use nats_cluster::NatsCluster;
pub use poll::{eventually, poll};
pub use pooler::TransactionPooler;
pub use port::{Port, free_port};
pub use postgres::{Database, Occupied, Postgres, pair::PostgresPair};
pub use publish::publish;
pub use redis_pair::RedisPair;
pub use redis_server::Redis;
pub use relay::{Counters, Cut, Relay};
pub use sentinel_group::SentinelGroup;
pub use server::Server;
pub use service::{ServiceBuilder, ServiceProcess, build, build_in, http_get, locate};
pub use snapshot::Snapshot;
pub use tree::is_gone;
