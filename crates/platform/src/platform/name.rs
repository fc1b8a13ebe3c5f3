//! Which services there are.

use std::{fmt, str::FromStr};

/// A service that is a binary of this repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServiceName {
    /// Signs people up and in.
    Auth,
    /// Sells tickets and reserves them for orders.
    Tickets,
    /// Takes orders.
    Orders,
    /// Wakes `orders` when the time to pay is over.
    Expiration,
}

impl ServiceName {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Auth, Self::Tickets, Self::Orders, Self::Expiration];

    /// The name of its binary.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Tickets => "tickets",
            Self::Orders => "orders",
            Self::Expiration => "expiration",
        }
    }

    /// The paths that the gateway sends to it, if it has an API: all below this one.
    pub const fn prefix(self) -> Option<&'static str> {
        match self {
            Self::Auth => Some("/api/users"),
            Self::Tickets => Some("/api/tickets"),
            Self::Orders => Some("/api/orders"),
            Self::Expiration => None,
        }
    }

    /// Whether it keeps its data in a Postgres database of its own.
    pub const fn has_database(self) -> bool {
        !matches!(self, Self::Expiration)
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ServiceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            format!("there is no service `{text}`; expected one of {names}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_known_by_the_name_of_its_binary() {
        for name in ServiceName::ALL {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        for name in ["payments", "Orders", "people", ""] {
            let wrong = name.parse::<ServiceName>().unwrap_err();
            assert!(wrong.contains(&format!("`{name}`")) && wrong.contains("expiration"), "{wrong}");
        }
    }
}
