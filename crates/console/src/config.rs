//! The settings of this service, beside those that every process has (`process::config`).

mod peers;
mod tokens;

pub use peers::PeerUrls;
pub use tokens::{AccessSettings, ProxySettings, Token};

use http_common::InternalToken;
use messaging::NatsSettings;
use process::config::{Environment, parse};

/// The settings of this service, beside those that every process has (`process::config`).
#[derive(Clone, Debug)]
pub struct Settings {
    /// `NATS_*`: the broker.
    pub nats: NatsSettings,
    /// Where the other services are.
    pub peers: PeerUrls,
    /// `INTERNAL_TOKEN`: with which they are asked.
    pub internal_token: InternalToken,
    /// Who may do what.
    pub access: AccessSettings,
    /// `LIVE_STREAMS`: how many may look on live at one time.
    pub live_streams: usize,
}

impl Settings {
    /// Reads the settings. Mistakes stay with `env`.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let nats = NatsSettings::read(env);
        let peers = PeerUrls::read(env);
        let internal_token = InternalToken::read_required(env);
        let access = AccessSettings::read(env);
        let live_streams = env.or(
            "LIVE_STREAMS",
            "pages and terminals that a process tells how it is as it changes, at one time; more are asked to come back later",
            "1000",
            parse::number_in(0..=100_000),
        );
        Some(Self {
            nats: nats?,
            peers: peers?,
            internal_token: internal_token?,
            access: access?,
            live_streams: live_streams?,
        })
    }
}

#[cfg(test)]
mod tests {
    use common::Service;

    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn the_services_are_found_by_their_names_in_the_cluster_unless_told_otherwise() {
        let operators = format!("ann:{TOKEN}");
        let given = [("INTERNAL_TOKEN", TOKEN), ("OPERATOR_TOKENS", operators.as_str())];
        let settings = Environment::judge(&given, Settings::read).unwrap();
        assert_eq!(settings.peers.of(Service::Orders)[0].as_str(), "http://orders-pods:3000");
        assert_eq!(settings.live_streams, 1_000);
        assert!(settings.access.cookie_secure && !settings.access.read_only);
        assert!(!format!("{settings:?}").contains(TOKEN));
    }

    #[test]
    fn everything_that_is_missing_or_wrong_is_named_at_once_and_no_secret_is_shown() {
        let given = [
            ("INTERNAL_TOKEN", "s3cret"),
            ("VIEWER_TOKENS", "ann:s3cret"),
            ("ORDERS_URL", "http://a:1,orders"),
            ("COOKIE_SECURE", "maybe"),
            ("READ_ONLY", "no"),
            ("LIVE_STREAMS", "many"),
            ("PROXY_TOKEN", "s3cret"),
        ];
        let mistakes = Environment::judge(&given, Settings::read).unwrap_err();
        for (name, _) in &given {
            assert!(mistakes.contains(name), "{name} is not in:\n{mistakes}");
        }
        assert!(!mistakes.contains("s3cret"), "{mistakes}");
    }

    #[test]
    fn a_start_without_anybody_who_could_come_in_is_a_mistake() {
        let mistakes = Environment::judge(&[("INTERNAL_TOKEN", TOKEN)], Settings::read).unwrap_err();
        assert!(mistakes.contains("OPERATOR_TOKENS: is missing"), "{mistakes}");
        let given = [("INTERNAL_TOKEN", TOKEN), ("PROXY_TOKEN", TOKEN)];
        assert!(Environment::judge(&given, Settings::read).unwrap().access.proxy.is_some());
    }

    #[test]
    fn a_token_or_a_name_that_is_given_twice_is_a_mistake() {
        let twice = format!("ann:{TOKEN}");
        for operators in [format!("ben:{TOKEN}"), format!("ann:{TOKEN}2")] {
            let given = [
                ("INTERNAL_TOKEN", TOKEN),
                ("VIEWER_TOKENS", twice.as_str()),
                ("OPERATOR_TOKENS", operators.as_str()),
            ];
            let mistakes = Environment::judge(&given, Settings::read).unwrap_err();
            assert!(mistakes.contains("OPERATOR_TOKENS"), "{mistakes}");
        }
    }
}
