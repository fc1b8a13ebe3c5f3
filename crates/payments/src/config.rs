//! The settings of this service, beside those that every process has (`process::config`).

use http_common::{BaseUrl, InternalToken};
use messaging::NatsSettings;
use postgres::Hosts;
use process::config::Environment;
use secrecy::SecretString;
use web::session::Keys;

use crate::{money::Currency, signature::Secrets};

/// The settings of this service, beside those that every process has (`process::config`).
#[derive(Clone, Debug)]
pub struct Settings {
    /// `NATS_*`: the broker.
    pub nats: NatsSettings,
    /// `DATABASE_URL`: Postgres.
    pub database: Hosts,
    /// `JWT_KEY`: check sessions.
    pub session_keys: Keys,
    /// `STRIPE_*`: the provider.
    pub stripe: StripeSettings,
    /// `STRIPE_WEBHOOK_SECRET`: check what the provider tells.
    pub webhook_secrets: Secrets,
    /// `PAYMENT_CURRENCY`: in which prices are paid.
    pub currency: Currency,
    /// `PUBLIC_URL`: where buyers come back to.
    pub public_url: PublicUrl,
    /// `INTERNAL_TOKEN`: with which `console` asks.
    pub internal_token: Option<InternalToken>,
}

/// Where the provider is, and what it knows us by.
#[derive(Clone, Debug)]
pub struct StripeSettings {
    /// `STRIPE_SECRET_KEY`
    pub secret_key: SecretString,
    /// `STRIPE_API_URL`
    pub api_url: BaseUrl,
}

/// Where buyers reach the shop.
pub type PublicUrl = BaseUrl;

impl Settings {
    /// Reads the settings. Mistakes stay with `env`.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let nats = NatsSettings::read(env);
        let database = postgres::database_url(env);
        let session_keys = Keys::read(env);
        let stripe = StripeSettings::read(env);
        let webhook_secrets = Secrets::read(env);
        let currency =
            env.or("PAYMENT_CURRENCY", "in which prices are paid, by its ISO code", "usd", |text| {
                text.parse::<Currency>().map_err(|error| format!("`{text}` {error}"))
            });
        let public_url = env.required(
            "PUBLIC_URL",
            "where buyers reach the shop: the provider's page sends them back there",
            "an address such as https://ticketing.dev",
            BaseUrl::parse,
        );
        let internal_token = InternalToken::read(env);
        Some(Self {
            nats: nats?,
            database: database?,
            session_keys: session_keys?,
            stripe: stripe?,
            webhook_secrets: webhook_secrets?,
            currency: currency?,
            public_url: public_url?,
            internal_token,
        })
    }
}

impl StripeSettings {
    fn read(env: &mut Environment) -> Option<Self> {
        let secret_key = env.required_secret(
            "STRIPE_SECRET_KEY",
            "Stripe's secret or restricted key; one that begins with `sk_test_` moves no money",
            "a key of Stripe such as sk_test_...",
            check_key,
        );
        let api_url = env.or(
            "STRIPE_API_URL",
            "where Stripe's API is, or a stand-in for it",
            "https://api.stripe.com",
            BaseUrl::parse,
        );
        Some(Self { secret_key: secret_key?, api_url: api_url? })
    }
}

/// What an HTTP header can carry.
fn check_key(key: &str) -> Result<(), &'static str> {
    let fit = key.bytes().all(|byte| byte.is_ascii_graphic());
    fit.then_some(()).ok_or("has characters that no key of Stripe has; expected one such as sk_test_...")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 5] = [
        ("DATABASE_URL", "postgres://u:pass@db/payments"),
        ("JWT_KEY", "key"),
        ("STRIPE_SECRET_KEY", "sk_test_1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
        ("PUBLIC_URL", "https://ticketing.dev/"),
    ];

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        Environment::judge(pairs, Settings::read)
    }

    #[test]
    fn dollars_and_stripes_own_address_are_the_defaults() {
        let settings = read(&GOOD).unwrap();
        assert_eq!(settings.currency.as_str(), "usd");
        assert_eq!(settings.stripe.api_url.as_str(), "https://api.stripe.com");
        assert_eq!(settings.public_url.as_str(), "https://ticketing.dev");
        let shown = format!("{settings:?}");
        assert!(!shown.contains("sk_test_1") && !shown.contains("whsec_1"), "{shown}");
    }

    #[test]
    fn everything_that_is_missing_or_wrong_is_named_at_once_and_no_secret_is_shown() {
        let mistakes = read(&[
            ("STRIPE_SECRET_KEY", "sk s3cret"),
            ("STRIPE_WEBHOOK_SECRET", "s3cret,"),
            ("STRIPE_API_URL", "api.stripe.com"),
            ("PAYMENT_CURRENCY", "dollars"),
        ])
        .unwrap_err();
        for name in [
            "DATABASE_URL",
            "JWT_KEY",
            "STRIPE_SECRET_KEY",
            "STRIPE_WEBHOOK_SECRET",
            "STRIPE_API_URL",
            "PAYMENT_CURRENCY",
            "PUBLIC_URL",
        ] {
            assert!(mistakes.contains(name), "{name} is not in:\n{mistakes}");
        }
        assert!(!mistakes.contains("s3cret"), "{mistakes}");
    }
}
