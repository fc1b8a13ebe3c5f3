//! The services of the platform: their names, and what each of them has.

use std::{fmt, str::FromStr};

/// A service of the platform. Its name is one word everywhere: crate, binary, image, Deployment, durable prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Signs people up and in.
    Auth,
    /// Sells tickets and reserves them for orders.
    Tickets,
    /// Takes orders, and is the one that decides whether an order is cancelled.
    Orders,
    /// Wakes `orders` when the time to pay is over.
    Expiration,
    /// Takes the money for orders, and gives back what is not needed.
    Payments,
    /// The shop: the pages that people see.
    Client,
    /// The operators' API and pages.
    Console,
}

impl Service {
    /// Those that are binaries of this repository.
    pub const OURS: [Self; 7] = [
        Self::Auth,
        Self::Tickets,
        Self::Orders,
        Self::Expiration,
        Self::Payments,
        Self::Client,
        Self::Console,
    ];

    /// Those that publish or consume, each with a stream of its own.
    pub const ON_THE_BROKER: [Self; 4] = [Self::Tickets, Self::Orders, Self::Expiration, Self::Payments];

    /// Those that have a user at the broker. `client` only overhears, and `console` looks at what others have and keeps the
    /// audit: neither has a durable consumer.
    pub const USERS_OF_THE_BROKER: [Self; 6] =
        [Self::Tickets, Self::Orders, Self::Expiration, Self::Payments, Self::Client, Self::Console];

    /// The service's name on the wire and in every other place.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Tickets => "tickets",
            Self::Orders => "orders",
            Self::Expiration => "expiration",
            Self::Payments => "payments",
            Self::Client => "client",
            Self::Console => "console",
        }
    }

    /// Whether it publishes or consumes.
    pub fn is_on_the_broker(self) -> bool {
        Self::ON_THE_BROKER.contains(&self)
    }

    /// The path that it answers, if it does: all below this one is its own, but for what another has a longer one for.
    pub const fn prefix(self) -> Option<&'static str> {
        match self {
            Self::Auth => Some("/api/users"),
            Self::Tickets => Some("/api/tickets"),
            Self::Orders => Some("/api/orders"),
            Self::Payments => Some("/api/payments"),
            Self::Client => Some("/"),
            // `console` is for operators, who do not come through the public door.
            Self::Expiration | Self::Console => None,
        }
    }

    /// Whether it keeps its data in a Postgres database of its own.
    pub const fn has_database(self) -> bool {
        matches!(self, Self::Auth | Self::Tickets | Self::Orders | Self::Payments)
    }

    /// Whether one in another language may run instead of ours, as the same user of the broker.
    pub const fn may_be_in_another_language(self) -> bool {
        matches!(self, Self::Payments)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no binary of this repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no service `{0}`; expected one of {names}", names = Service::OURS.map(Service::as_str).join(", "))]
pub struct UnknownService(String);

/// Reads the name of a service of ours.
impl FromStr for Service {
    type Err = UnknownService;

    fn from_str(text: &str) -> Result<Self, UnknownService> {
        let known = Self::OURS.into_iter().find(|service| service.as_str() == text);
        known.ok_or_else(|| UnknownService(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_known_by_the_name_of_its_binary() {
        for service in Service::OURS {
            assert_eq!(service.to_string().parse(), Ok(service));
        }
        for name in ["payment", "Orders", "people", ""] {
            let wrong = name.parse::<Service>().unwrap_err().to_string();
            assert!(wrong.contains(&format!("`{name}`")) && wrong.contains("expiration"), "{wrong}");
        }
    }
}
