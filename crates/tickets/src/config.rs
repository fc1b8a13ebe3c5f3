//! The settings of this service, beside those that every process has (`process::config`).

use std::num::NonZeroU32;

use http_common::InternalToken;
use messaging::NatsSettings;
use postgres::Hosts;
use process::config::{Environment, parse};
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
    /// `MAX_EDITS_PER_MINUTE`: how many changes a seller may make. `None` is no limit.
    pub most_edits_a_minute: Option<NonZeroU32>,
    /// `INTERNAL_TOKEN`: with which `console` asks.
    pub internal_token: Option<InternalToken>,
}

impl Settings {
    /// Reads the settings. Mistakes stay with `env`.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let nats = NatsSettings::read(env);
        let database = postgres::database_url(env);
        let session_keys = Keys::read(env);
        let most_edits = env.or(
            "MAX_EDITS_PER_MINUTE",
            "changes of tickets that a seller may make in a minute; 0 is no limit",
            "60",
            parse::number_in(0..=1_000_000),
        );
        let internal_token = InternalToken::read(env);
        Some(Self {
            nats: nats?,
            database: database?,
            session_keys: session_keys?,
            most_edits_a_minute: NonZeroU32::new(most_edits?),
            internal_token,
        })
    }
}
