//! What `--version` prints, differently for each server.

use std::fmt;

/// Major and minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32, pub(crate) u32);

impl Version {
    /// Reads the first number of a text such as `nats-server: v2.15.1` or `postgres (PostgreSQL) 18beta1`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let number = text[start..].split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let mut parts = number.split('.').map(|part| part.parse().ok());
        Some(Self(parts.next()??, parts.next().flatten().unwrap_or(0)))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The first whole number in a text.
pub(crate) fn first_number(text: &str) -> Option<u32> {
    Version::parse(text).map(|version| version.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_s_own_way_to_print_its_version_is_read() {
        let read = |text| Version::parse(text).unwrap();
        assert_eq!(read("nats-server: v2.15.1"), Version(2, 15));
        assert_eq!(read("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1"), Version(7, 0));
        assert_eq!(read("Valkey server v=9.1.2 sha=00000000:1 malloc=libc"), Version(9, 1));
        assert_eq!(read("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Version(15, 18));
        assert_eq!(read("postgres (PostgreSQL) 19beta1"), Version(19, 0));
        assert_eq!(Version::parse("command not found"), None);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(Version(2, 9) < Version(2, 10));
        assert!(first_number("/usr/lib/postgresql/9/bin") < first_number("/usr/lib/postgresql/15/bin"));
    }
}
