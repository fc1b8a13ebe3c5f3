//! The settings of this service, beside those that every process has (`process::config`).

use messaging::NatsSettings;
use postgres::Hosts;
use process::config::Environment;
use web::session::Keys;

/// The settings of this service, beside those that every process has (`process::config`).
#[derive(Clone, Debug)]
pub struct Settings {
    /// `NATS_*`: the broker.
    pub nats: NatsSettings,
    /// `DATABASE_URL`: Postgres.
    pub database: Hosts,
    /// `JWT_KEY`: check sessions.
    pub session_keys: Keys,
}

impl Settings {
    /// Reads the settings. Mistakes stay with `env`.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let nats = NatsSettings::read(env);
        let database = postgres::database_url(env);
        let session_keys = Keys::read(env);
        Some(Self { nats: nats?, database: database?, session_keys: session_keys? })
    }
}
