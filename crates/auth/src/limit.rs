//! How many failed attempts are allowed, how those before make the next one slower, and who they are counted against.
//!
//! An account is never closed to everybody by what one address does: the limit that shuts out early belongs to an account
//! and an address together. Who holds a session of the account is counted on his own. An account as a whole has a limit so
//! large that it takes many addresses to reach. An address is slowed down first; a private one, behind which may be
//! everybody, is never shut out.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use crate::email::Email;

/// Failed attempts count for so long after the first of them.
pub const WINDOW: Duration = Duration::from_secs(15 * 60);
/// An attempt in flight counts for so long, unless it ends before: longer than one takes, and no longer than the users
/// of a process that died should have to wait.
pub const IN_FLIGHT: Duration = Duration::from_secs(60);
/// Failed attempts at one account from one address within [`WINDOW`], half of them at full speed.
pub const PER_ACCOUNT_AND_ADDRESS: i32 = 10;
/// Failed attempts at one account within [`WINDOW`], no matter who made them.
pub const PER_ACCOUNT: i32 = 100;
/// Failed attempts from one public address within [`WINDOW`], at whatever account. Many people may share one.
pub const PER_ADDRESS: i32 = 500;
/// Failed attempts from one address from which on the next are slowed down.
pub const SLOW_ADDRESS: i32 = 50;
/// An address that is slowed down has so many attempts in flight.
pub const SLOW_AT_ONCE: i32 = 10;

/// Who asks to sign in.
#[derive(Clone, Debug)]
pub struct Client {
    /// Where the request comes from.
    pub address: IpAddr,
    /// The address in the good session that came with the request.
    pub signed_in_as: Option<String>,
}

impl Client {
    /// Who an attempt at this account is counted against.
    pub(crate) fn subjects(&self, account: &Email) -> Vec<Subject> {
        if self.signed_in_as.as_deref() == Some(account.as_str()) {
            return vec![Subject::Session(account.clone())];
        }
        vec![
            Subject::Account(account.clone()),
            Subject::AccountAndAddress(account.clone(), self.address),
            Subject::Address(self.address),
        ]
    }
}

impl From<IpAddr> for Client {
    /// Somebody who is not signed in.
    fn from(address: IpAddr) -> Self {
        Self { address, signed_in_as: None }
    }
}

/// Who an attempt is counted against. Whether an account exists makes no difference: the limit must not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An account, whoever asks.
    Account(Email),
    /// An account and the address that asks.
    AccountAndAddress(Email, IpAddr),
    /// An account and whoever holds a good session of it.
    Session(Email),
    /// The address that asks.
    Address(IpAddr),
}

/// What is allowed to a [`Subject`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// After so many failures each attempt waits a while first.
    pub(crate) slow_from: i32,
    /// So many attempts may be in flight while it is slow.
    pub(crate) slow_at_once: i32,
    /// After so many failures there is none.
    pub(crate) most: i32,
}

impl Subject {
    /// The key of its row in `attempts`.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Account(email) => format!("account:{}", email.as_str()),
            Self::AccountAndAddress(email, address) => format!("{}{}", keys_at(*address), email.as_str()),
            Self::Session(email) => format!("session:{}", email.as_str()),
            Self::Address(address) => format!("address:{}", network(*address)),
        }
    }

    pub(crate) fn limit(&self) -> Limit {
        let (slow_from, slow_at_once, most) = match self {
            Self::Account(_) => (PER_ACCOUNT / 5, PER_ACCOUNT, PER_ACCOUNT),
            Self::AccountAndAddress(..) => {
                (PER_ACCOUNT_AND_ADDRESS / 2, PER_ACCOUNT_AND_ADDRESS, PER_ACCOUNT_AND_ADDRESS)
            }
            Self::Session(_) => (PER_ACCOUNT_AND_ADDRESS / 2, 1, PER_ACCOUNT),
            Self::Address(address) if is_private(*address) => (SLOW_ADDRESS, SLOW_AT_ONCE, i32::MAX),
            Self::Address(_) => (SLOW_ADDRESS, SLOW_AT_ONCE, PER_ADDRESS),
        };
        Limit { slow_from, slow_at_once, most }
    }

    /// Whether a success forgets the failures before it: those at other people's hands it must not.
    pub(crate) const fn is_forgiven(&self) -> bool {
        matches!(self, Self::AccountAndAddress(..) | Self::Session(_))
    }
}

/// What all keys of [`Subject::AccountAndAddress`] with this address begin with, and no other.
pub(crate) fn keys_at(address: IpAddr) -> String {
    format!("at:{} ", network(address))
}

/// How failures slow down what comes after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// What each failure beyond the first few adds, up to [`Self::MOST_STEPS`] times.
    pub step: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { step: Duration::from_millis(250) }
    }
}

impl Pace {
    /// Two seconds by default: a nuisance to a person, and an end to guessing in bulk.
    pub const MOST_STEPS: u32 = 8;

    /// How long an attempt waits after so many failures.
    pub(crate) fn pause(self, limit: Limit, failures: i32) -> Duration {
        let beyond = failures.saturating_sub(limit.slow_from).saturating_add(1);
        self.step * u32::try_from(beyond).unwrap_or(0).min(Self::MOST_STEPS)
    }
}

/// An address of no one network in the world: that of a proxy of ours, perhaps, with everybody behind it.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            // Shared address space, RFC 6598: carriers' networks and some clusters'.
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && second & 0xC0 == 64;
            address.is_private() || address.is_loopback() || address.is_link_local() || is_shared
        }
        IpAddr::V6(address) => {
            address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local()
        }
    }
}

/// What one subscriber is given: an IPv4 address, or the 2^64 of an IPv6 network.
pub(crate) fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
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

    #[test]
    fn who_holds_a_session_of_the_account_is_counted_on_his_own_and_nobody_else_is() {
        let (ann, address): (Email, IpAddr) = ("ann@example.com".parse().unwrap(), [192, 0, 2, 1].into());
        let client =
            |signed_in_as: Option<&str>| Client { address, signed_in_as: signed_in_as.map(Into::into) };
        assert_eq!(client(Some("ann@example.com")).subjects(&ann), [Subject::Session(ann.clone())]);
        for other in [None, Some("bob@example.com")] {
            assert_eq!(client(other).subjects(&ann).len(), 3, "{other:?}");
        }
    }

    #[test]
    fn a_private_address_is_slowed_down_and_never_shut_out() {
        for (address, private) in [
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("192.168.1.1", true),
            ("100.64.0.1", true),
            ("127.0.0.1", true),
            ("::1", true),
            ("fd00::1", true),
            ("::ffff:10.0.0.1", true),
            ("100.128.0.1", false),
            ("172.32.0.1", false),
            ("192.0.2.1", false),
            ("2001:db8::1", false),
        ] {
            let limit = Subject::Address(address.parse().unwrap()).limit();
            assert_eq!(limit.most == i32::MAX, private, "{address}");
            assert_eq!(limit.slow_from, SLOW_ADDRESS);
        }
    }

    #[test]
    fn each_failure_beyond_the_first_few_makes_the_next_attempt_slower_up_to_a_bound() {
        let (pace, limit) = (Pace::default(), Limit { slow_from: 5, slow_at_once: 1, most: 10 });
        let pauses = [0, 4, 5, 6, 12, 13, i32::MAX].map(|failures| pace.pause(limit, failures).as_millis());
        assert_eq!(pauses, [0, 0, 250, 500, 2_000, 2_000, 2_000]);
    }
}
