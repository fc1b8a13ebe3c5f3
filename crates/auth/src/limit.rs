//! How many failed attempts are allowed, and who they are counted against.

use std::{net::IpAddr, time::Duration};

use crate::email::Email;

/// Failed attempts count for so long after the first of them.
pub const WINDOW: Duration = Duration::from_secs(15 * 60);
/// An attempt in flight counts for so long, unless it ends before: longer than one takes, and no longer than the users
/// of a process that died should have to wait.
pub const IN_FLIGHT: Duration = Duration::from_secs(60);
/// Failed attempts at one account within [`WINDOW`], no matter who made them.
pub const PER_ACCOUNT: i32 = 10;
/// Failed attempts from one address within [`WINDOW`], at whatever account. Many people may share one.
pub const PER_ADDRESS: i32 = 50;

/// Who an attempt is counted against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An account, whether or not it exists: the limit must not tell.
    Account(Email),
    /// The address that asks.
    Address(IpAddr),
}

impl Subject {
    /// The key of its row in `attempts`.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Account(email) => format!("account:{}", email.as_str()),
            Self::Address(address) => format!("address:{}", network(*address)),
        }
    }

    /// So many failures are allowed.
    pub(crate) const fn most(&self) -> i32 {
        match self {
            Self::Account(_) => PER_ACCOUNT,
            Self::Address(_) => PER_ADDRESS,
        }
    }
}

/// What one subscriber is given: an IPv4 address, or the 2^64 of an IPv6 network.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(address: &str) -> String {
        Subject::Address(address.parse().unwrap()).key()
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "address:2001:db8:1:2::/64");
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("192.0.2.1"), "address:192.0.2.1");
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test]
    fn an_account_is_counted_by_its_normalised_address() {
        let account = |email: &str| Subject::Account(email.parse().unwrap()).key();
        assert_eq!(account(" Ann@Example.com"), "account:ann@example.com");
        assert_eq!(account("ann@example.com"), account("ANN@EXAMPLE.COM"));
    }
}
