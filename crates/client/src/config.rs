//! The settings of this service, beside those that every process has (`process::config`).

use http_common::BaseUrl;
use messaging::NatsServers;
use process::config::{Environment, parse};
use secrecy::SecretString;

use crate::money::Currency;

/// The settings of this service, beside those that every process has (`process::config`).
#[derive(Clone, Debug)]
pub struct Settings {
    /// `NATS_*`: the broker.
    pub nats: NatsServers,
    /// Where the APIs are.
    pub urls: ApiUrls,
    /// What the pages are made with.
    pub shop: ShopSettings,
    /// `PAGE_STREAMS`: how many pages may be told live at one time.
    pub page_streams: usize,
}

/// Where the APIs of the other services are.
#[derive(Clone, Debug)]
pub struct ApiUrls {
    /// `AUTH_URL`
    pub auth: BaseUrl,
    /// `TICKETS_URL`
    pub tickets: BaseUrl,
    /// `ORDERS_URL`
    pub orders: BaseUrl,
    /// `PAYMENTS_URL`
    pub payments: BaseUrl,
}

/// What the pages are made with.
#[derive(Clone, Debug)]
pub struct ShopSettings {
    /// `PUBLIC_URL`: where people reach the pages.
    pub public_url: BaseUrl,
    /// `FORM_KEY`: signs the forms.
    pub form_key: SecretString,
    /// `COOKIE_SECURE`: whether the forms' cookie travels over HTTPS only.
    pub cookie_secure: bool,
    /// `PAYMENT_CURRENCY`: in which prices are shown.
    pub currency: Currency,
    /// `PAYMENT_PAGE_ORIGIN`: where the provider's page is.
    pub payment_page: BaseUrl,
}

/// As long as the hash that it keys, so that nobody finds it by trying.
const SHORTEST_KEY: usize = 32;

impl Settings {
    /// Reads the settings. Mistakes stay with `env`.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let nats = NatsServers::read(env);
        let urls = ApiUrls::read(env);
        let shop = ShopSettings::read(env);
        let page_streams = env.or(
            "PAGE_STREAMS",
            "pages that a process tells of changes as they happen, at one time; more are asked to come back later",
            "5000",
            parse::number_in(0..=1_000_000),
        );
        Some(Self { nats: nats?, urls: urls?, shop: shop?, page_streams: page_streams? })
    }
}

impl ApiUrls {
    fn read(env: &mut Environment) -> Option<Self> {
        let mut url = |name, meaning, default| env.or(name, meaning, default, BaseUrl::parse);
        let auth = url("AUTH_URL", "where the API of `auth` is, without its path", "http://auth-srv:3000");
        let tickets =
            url("TICKETS_URL", "where the API of `tickets` is, without its path", "http://tickets-srv:3000");
        let orders =
            url("ORDERS_URL", "where the API of `orders` is, without its path", "http://orders-srv:3000");
        let payments = url(
            "PAYMENTS_URL",
            "where the API of `payments` is, without its path",
            "http://payments-srv:3000",
        );
        Some(Self { auth: auth?, tickets: tickets?, orders: orders?, payments: payments? })
    }
}

impl ShopSettings {
    fn read(env: &mut Environment) -> Option<Self> {
        let public_url = env.required(
            "PUBLIC_URL",
            "where people reach the shop",
            "an address such as https://ticketing.dev",
            BaseUrl::parse,
        );
        let form_key = env.required_secret(
            "FORM_KEY",
            "signs the forms, so that no other site can post one; the same in every process",
            "a long random text, at least 32 characters",
            |key| {
                let long = key.len() >= SHORTEST_KEY;
                long.then_some(()).ok_or("is too short; expected at least 32 characters")
            },
        );
        let cookie_secure = env.or(
            "COOKIE_SECURE",
            "whether browsers send the cookies over HTTPS only; `false` on a laptop without it",
            "true",
            |text| text.parse::<bool>().map_err(|_| format!("`{text}` is not true or false")),
        );
        let currency =
            env.or("PAYMENT_CURRENCY", "in which prices are paid, by its ISO code", "usd", |text| {
                text.parse::<Currency>().map_err(|error| format!("`{text}` {error}"))
            });
        let payment_page = env.or(
            "PAYMENT_PAGE_ORIGIN",
            "where the payment provider's page is: browsers let the shop's forms lead there and nowhere else",
            "https://checkout.stripe.com",
            BaseUrl::parse,
        );
        Some(Self {
            public_url: public_url?,
            form_key: form_key?,
            cookie_secure: cookie_secure?,
            currency: currency?,
            payment_page: payment_page?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn the_services_are_found_by_their_names_in_the_cluster_unless_told_otherwise() {
        let given = [("PUBLIC_URL", "https://ticketing.dev/"), ("FORM_KEY", KEY)];
        let settings = Environment::judge(&given, Settings::read).unwrap();
        assert_eq!(settings.urls.orders.as_str(), "http://orders-srv:3000");
        assert_eq!(settings.shop.public_url.as_str(), "https://ticketing.dev");
        assert_eq!(settings.page_streams, 5_000);
        assert!(settings.shop.cookie_secure);
        assert!(!format!("{settings:?}").contains(KEY));
    }

    #[test]
    fn everything_that_is_missing_or_wrong_is_named_at_once_and_no_secret_is_shown() {
        let given = [
            ("FORM_KEY", "s3cret"),
            ("AUTH_URL", "auth-srv"),
            ("COOKIE_SECURE", "maybe"),
            ("PAYMENT_CURRENCY", "dollars"),
            ("PAYMENT_PAGE_ORIGIN", "https://a; script-src *"),
            ("PAGE_STREAMS", "many"),
        ];
        let mistakes = Environment::judge(&given, Settings::read).unwrap_err();
        for (name, _) in given.iter().chain(&[("PUBLIC_URL", "")]) {
            assert!(mistakes.contains(name), "{name} is not in:\n{mistakes}");
        }
        assert!(!mistakes.contains("s3cret"), "{mistakes}");
    }
}
