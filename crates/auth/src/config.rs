//! The settings of this service, beside those that every process has (`process::config`).

use std::time::Duration;

use postgres::{Hosts, database_url};
use process::config::{Environment, duration, parse};
use web::session::{CookieName, Keys};

use crate::http::{Cookies, Proxies};

/// The settings of this service, beside those that every process has (`process::config`).
#[derive(Clone, Debug)]
pub struct Settings {
    /// `DATABASE_URL`: Postgres.
    pub database: Hosts,
    /// `JWT_KEY`: signs and checks sessions.
    pub jwt_keys: Keys,
    /// `SESSION_LIFETIME` and `COOKIE_SECURE`: the cookie of a session.
    pub cookies: Cookies,
    /// `SESSION_COOKIE`: the cookie's name.
    pub cookie_name: CookieName,
    /// `TRUSTED_PROXY_HOPS`: proxies in front of the service whose word about a client's address counts.
    pub proxies: Proxies,
}

impl Settings {
    /// Reads the settings. Mistakes stay with `env`.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let database = database_url(env);
        let jwt_keys = Keys::read(env);
        let lifetime = env.or("SESSION_LIFETIME", "how long a session is good for", "30d", lifetime);
        let secure = env.or(
            "COOKIE_SECURE",
            "the session's cookie travels over HTTPS only; `false` for development without it",
            "true",
            yes_or_no,
        );
        let cookie_name = env.or(
            "SESSION_COOKIE",
            "name of the session's cookie: `session`, or `express:sess` beside services that read only that; both are read here",
            "session",
            |text| text.parse().map_err(|error| format!("is {text}; {error}")),
        );
        let hops = env.or("TRUSTED_PROXY_HOPS", "proxies in front whose `X-Forwarded-For` is believed: 1 behind the ingress, or everybody behind it shares one limit (a warning says so)", "0", parse::number_in(0..=10));
        Some(Self {
            database: database?,
            jwt_keys: jwt_keys?,
            cookies: Cookies { lifetime: lifetime?, secure: secure? },
            cookie_name: cookie_name?,
            proxies: Proxies { hops: hops? },
        })
    }
}

/// A token says its end in whole seconds.
fn lifetime(text: &str) -> Result<Duration, String> {
    let lifetime = duration::parse_positive(text)?;
    if lifetime < Duration::from_secs(1) {
        return Err(format!("is {text}; expected at least 1s"));
    }
    Ok(lifetime)
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| {
        format!(
            "`{text}` is neither true nor false; expected false only where the site is served without HTTPS"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 2] = [("DATABASE_URL", "postgres://u:pass@db/auth"), ("JWT_KEY", "key")];

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        Environment::judge(pairs, Settings::read)
    }

    #[test]
    fn a_session_lasts_thirty_days_over_https_and_no_proxy_is_trusted_unless_told_otherwise() {
        let Settings { cookies, cookie_name, proxies, .. } = read(&GOOD).unwrap();
        assert_eq!((cookies.lifetime, cookies.secure), (Duration::from_secs(30 * 24 * 60 * 60), true));
        assert_eq!((cookie_name, proxies.hops), (CookieName::Session, 0));
        let told = [
            ("SESSION_LIFETIME", "1h"),
            ("COOKIE_SECURE", "false"),
            ("SESSION_COOKIE", "express:sess"),
            ("TRUSTED_PROXY_HOPS", "10"),
        ];
        let Settings { cookies, cookie_name, proxies, .. } = read(&[&GOOD[..], &told].concat()).unwrap();
        assert_eq!((cookies.lifetime, cookies.secure), (Duration::from_secs(60 * 60), false));
        assert_eq!((cookie_name, proxies.hops), (CookieName::ExpressSess, 10));
    }

    #[test]
    fn everything_that_is_missing_or_wrong_is_named_at_once() {
        let wrong = [("SESSION_LIFETIME", "30"), ("COOKIE_SECURE", "maybe"), ("TRUSTED_PROXY_HOPS", "11")];
        let mistakes = read(&wrong).unwrap_err();
        for name in ["DATABASE_URL", "JWT_KEY", "SESSION_LIFETIME", "COOKIE_SECURE", "TRUSTED_PROXY_HOPS"] {
            assert!(mistakes.contains(name), "{name} is not in:\n{mistakes}");
        }
        for (name, value) in [
            ("SESSION_LIFETIME", "0s"),
            ("SESSION_LIFETIME", "999ms"),
            ("COOKIE_SECURE", "True"),
            ("COOKIE_SECURE", "1"),
            ("SESSION_COOKIE", "sid"),
            ("TRUSTED_PROXY_HOPS", "-1"),
        ] {
            let mistakes = read(&[GOOD[0], GOOD[1], (name, value)]).unwrap_err();
            assert!(mistakes.contains(name), "{name}={value}: {mistakes}");
        }
    }
}
