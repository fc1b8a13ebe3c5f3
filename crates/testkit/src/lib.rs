//! Development only, never linked into a service: real NATS, Redis and Postgres servers and our own binaries, each
//! on a free port, with handles to stop, kill, pause, continue and restart them; and all of them together as a
//! [`Platform`] behind one [`Gateway`].
//!
//! Everything started here dies with its handle, and with this process however that ends, `kill -9` included.
//!
//! Variables that a person may set: `NATS_SERVER_BIN`, `REDIS_SERVER_BIN` and `POSTGRES_BIN_DIR` name the servers to
//! use (else see [`provide`]); `TESTKIT_KEEP=1` keeps data and logs, and says where.

mod certificates;
mod command;
pub mod demo;
mod find;
pub mod fuzz;
mod gateway;
pub mod golden;
pub mod layout;
mod nats;
pub mod openapi;
mod output;
mod packages;
mod platform;
mod poll;
mod port;
mod postgres;
mod process;
mod protocol;
mod redis_server;
mod release;
mod server;
mod service;
mod space;
mod terminal;
mod tree;
pub mod up;
mod user;
mod watchdog;
pub mod wheels;

pub use certificates::Certificates;
pub use command::cargo;
pub use find::provide;
pub use gateway::{BoundGateway, Gateway, Route};
pub use nats::Nats;
pub use platform::{
    CLUSTER, Fleet, JWT_KEY, LogLine, Platform, PlatformBuilder, Running, ServiceName, Stores,
};
pub use poll::eventually;
pub use port::free_port;
pub use postgres::{Database, Postgres};
pub use redis_server::Redis;
pub use release::release_before;
pub use server::Server;
pub use service::{Service, ServiceBuilder, build};
