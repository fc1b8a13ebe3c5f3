//! Which process this is: `GET /aboutz`.

use common::{clock, event::Timestamp, internal::About};

use super::{config::Environment, health::Health};

/// Which process this is.
#[derive(Clone, Debug)]
pub struct Identity {
    service: &'static str,
    instance: String,
    started_at: Timestamp,
}

impl Identity {
    /// A process of `service` that starts now, called `instance`.
    pub fn new(service: &'static str, instance: impl Into<String>) -> Self {
        Self { service, instance: instance.into(), started_at: clock::now().into() }
    }

    /// This process: called as at the broker, or as its host.
    pub(crate) fn of(service: &'static str, env: &Environment) -> Self {
        let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
        // Whether it is a good one is for those to judge who speak to the broker.
        Self::new(service, env.unlisted("NATS_CLIENT_ID").unwrap_or_else(host))
    }

    /// This process and how it is.
    pub fn about(&self, health: &Health) -> About {
        let complaints = health.readyz().err();
        let lines = complaints.iter().flat_map(|complaints| complaints.lines()).map(str::to_owned);
        About {
            service: self.service.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instance: self.instance.clone(),
            started_at: self.started_at,
            ready: complaints.is_none(),
            remarks: lines.chain(health.remarks()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Needed;

    #[test]
    fn a_process_is_called_as_at_the_broker_or_as_its_host() {
        let instance = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), *value));
            Identity::of("orders", &Environment::from_pairs(pairs)).instance
        };
        assert_eq!(instance(&[("NATS_CLIENT_ID", "orders-1")]), "orders-1");
        assert!(!instance(&[]).is_empty());
    }

    #[tokio::test]
    async fn what_is_in_the_way_and_what_is_worth_knowing_are_both_told() {
        let health = Health::new();
        let identity = Identity::new("orders", "orders-1");
        assert!(identity.about(&health).ready);
        let _nats = health.register_dependency("nats", Needed::Always);
        health.register_remark("the sweeper").set("is held");
        let about = identity.about(&health);
        assert!(!about.ready);
        assert_eq!(about.remarks, ["nats is not ready: not connected yet", "the sweeper is held"]);
    }
}
