//! The settings of this service, beside those that every process has (`process::config`).

use std::{num::NonZeroU32, time::Duration};

use http_common::InternalToken;
use messaging::NatsSettings;
use postgres::Hosts;
use process::config::{Environment, duration, parse};
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
    /// `ORDER_EXPIRATION_WINDOW`: time to pay.
    pub expiration_window: Duration,
    /// `MAX_UNPAID_ORDERS`: how many a buyer may have at once. `None` is no limit.
    pub most_unpaid: Option<NonZeroU32>,
    /// `ORDER_EXTENSION_LIMIT`: how long an order may last in all, if operators give it more time.
    pub extension_limit: Duration,
    /// `INTERNAL_TOKEN`: with which `console` asks.
    pub internal_token: Option<InternalToken>,
}

impl Settings {
    /// Reads the settings. Mistakes stay with `env`.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let nats = NatsSettings::read(env);
        let database = postgres::database_url(env);
        let session_keys = Keys::read(env);
        let expiration_window = env.or("ORDER_EXPIRATION_WINDOW", "time to pay", "15m", window);
        let most_unpaid = env.or(
            "MAX_UNPAID_ORDERS",
            "unpaid orders that a buyer may have at once; 0 is no limit",
            "20",
            parse::number_in(0..=1_000_000),
        );
        let extension_limit = env.or(
            "ORDER_EXTENSION_LIMIT",
            "how long after it was placed an order may expire, however much more time operators give it",
            "24h",
            window,
        );
        let internal_token = InternalToken::read(env);
        Some(Self {
            nats: nats?,
            database: database?,
            session_keys: session_keys?,
            expiration_window: expiration_window?,
            most_unpaid: NonZeroU32::new(most_unpaid?),
            extension_limit: extension_limit?,
            internal_token,
        })
    }
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

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        Environment::judge(pairs, Settings::read)
    }

    #[test]
    fn fifteen_minutes_is_the_time_to_pay_unless_told_otherwise() {
        assert_eq!(read(&GOOD).unwrap().expiration_window, Duration::from_secs(15 * 60));
        let settings = read(&[GOOD[0], GOOD[1], ("ORDER_EXPIRATION_WINDOW", "250ms")]).unwrap();
        assert_eq!(settings.expiration_window, Duration::from_millis(250));
    }

    #[test]
    fn a_buyer_has_twenty_unpaid_orders_at_most_unless_told_otherwise_and_0_is_no_limit() {
        assert_eq!(read(&GOOD).unwrap().most_unpaid, NonZeroU32::new(20));
        for (text, most) in [("1", NonZeroU32::new(1)), ("0", None)] {
            let settings = read(&[GOOD[0], GOOD[1], ("MAX_UNPAID_ORDERS", text)]).unwrap();
            assert_eq!(settings.most_unpaid, most);
        }
        let mistakes = read(&[GOOD[0], GOOD[1], ("MAX_UNPAID_ORDERS", "-1")]).unwrap_err();
        assert!(mistakes.contains("MAX_UNPAID_ORDERS"), "{mistakes}");
    }

    #[test]
    fn an_order_lasts_for_a_day_at_most_unless_told_otherwise() {
        assert_eq!(read(&GOOD).unwrap().extension_limit, Duration::from_secs(24 * 60 * 60));
        let settings = read(&[GOOD[0], GOOD[1], ("ORDER_EXTENSION_LIMIT", "1h")]).unwrap();
        assert_eq!(settings.extension_limit, Duration::from_secs(60 * 60));
        for (name, bad) in [("ORDER_EXTENSION_LIMIT", "0s"), ("INTERNAL_TOKEN", "s3cret")] {
            let mistakes = read(&[GOOD[0], GOOD[1], (name, bad)]).unwrap_err();
            assert!(mistakes.contains(name) && !mistakes.contains("s3cret"), "{mistakes}");
        }
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
}
