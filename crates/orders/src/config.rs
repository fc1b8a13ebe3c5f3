//! The settings that only this service has.

use std::time::Duration;

use common::process::config::{Environment, duration};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::PgConnectOptions;

/// The settings that only this service has.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `DATABASE_URL`: Postgres.
    pub database: PgConnectOptions,
    /// `JWT_KEY`: checks sessions.
    pub jwt_key: SecretString,
    /// `ORDER_EXPIRATION_WINDOW`: time to pay.
    pub expiration_window: Duration,
}

impl Settings {
    /// Reads the settings. Mistakes stay with `env`.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let database = env.required_secret(
            "DATABASE_URL",
            "the address of a Postgres database such as postgres://user:password@host:5432/orders",
            |url| connect_options(url).map(drop),
        );
        let database = database.and_then(|url| connect_options(url.expose_secret()).ok());
        let jwt_key = env.required_secret("JWT_KEY", "the secret that signs sessions", |_| Ok(()));
        let expiration_window = env.or("ORDER_EXPIRATION_WINDOW", "15m", window);
        Some(Self { database: database?, jwt_key: jwt_key?, expiration_window: expiration_window? })
    }
}

fn connect_options(url: &str) -> Result<PgConnectOptions, &'static str> {
    const EXPECTED: &str = "is no address of a Postgres database; expected one such as postgres://user:password@host:5432/orders";
    let url = url.trim();
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(EXPECTED);
    }
    url.parse().map_err(|_| EXPECTED)
}

/// Longer than `expiration` takes by default, and far below what a timestamp can hold.
const LONGEST_WINDOW: Duration = Duration::from_secs(366 * 24 * 60 * 60);

fn window(text: &str) -> Result<Duration, String> {
    let window = duration::parse_positive(text)?;
    if window > LONGEST_WINDOW {
        return Err(format!("is {text}; expected at most 366d"));
    }
    Ok(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 2] = [("DATABASE_URL", "postgres://u:pass@db/orders"), ("JWT_KEY", "key")];

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Settings, String> {
        let mut env = Environment::from_pairs(pairs.iter().copied());
        let settings = Settings::read(&mut env);
        env.finish(settings).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn fifteen_minutes_is_the_time_to_pay_unless_told_otherwise() {
        assert_eq!(read(&GOOD).unwrap().expiration_window, Duration::from_secs(15 * 60));
        let settings = read(&[GOOD[0], GOOD[1], ("ORDER_EXPIRATION_WINDOW", "250ms")]).unwrap();
        assert_eq!(settings.expiration_window, Duration::from_millis(250));
    }

    #[test]
    fn everything_that_is_missing_or_wrong_is_named_at_once() {
        let mistakes = read(&[("ORDER_EXPIRATION_WINDOW", "15")]).unwrap_err();
        for name in ["DATABASE_URL", "JWT_KEY", "ORDER_EXPIRATION_WINDOW"] {
            assert!(mistakes.contains(name), "{name} is not in:\n{mistakes}");
        }
        for window in ["0s", "400d", "soon"] {
            let mistakes = read(&[GOOD[0], GOOD[1], ("ORDER_EXPIRATION_WINDOW", window)]).unwrap_err();
            assert!(mistakes.contains("ORDER_EXPIRATION_WINDOW"), "{window}: {mistakes}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_without_its_password() {
        for url in ["mysql://u:s3cret@db/orders", "postgres://u:s3cret@db:port/orders", "s3cret"] {
            let mistakes = read(&[("DATABASE_URL", url), GOOD[1]]).unwrap_err();
            assert!(mistakes.contains("DATABASE_URL") && !mistakes.contains("s3cret"), "{mistakes}");
        }
    }
}
