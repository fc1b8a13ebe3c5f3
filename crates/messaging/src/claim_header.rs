//! The header `claim` of an `expiration:complete`: `<ms> <worker>`.

use std::{fmt, str::FromStr};

use async_nats::HeaderName;

/// Its name on the wire.
pub const CLAIM: HeaderName = HeaderName::from_static("claim");

/// Which worker fired a timer, and when it took it in hand. Older releases don't send it, and nothing is decided by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimHeader {
    /// When the claim was made, by the worker's clock, ms since the epoch.
    pub claimed_at_ms: i64,
    /// The worker's `NATS_CLIENT_ID`.
    pub by: String,
}

impl fmt::Display for ClaimHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.claimed_at_ms, self.by)
    }
}

/// A text that is no such header: it is read as if there were none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a claim: expected <ms since the epoch> <worker>")]
pub struct InvalidClaim;

impl FromStr for ClaimHeader {
    type Err = InvalidClaim;

    fn from_str(text: &str) -> Result<Self, InvalidClaim> {
        let (claimed_at_ms, by) = text.split_once(' ').ok_or(InvalidClaim)?;
        let claimed_at_ms = claimed_at_ms.parse().map_err(|_| InvalidClaim)?;
        if by.is_empty() || by.chars().count() > 128 || by.chars().any(char::is_control) {
            return Err(InvalidClaim);
        }
        Ok(Self { claimed_at_ms, by: by.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_read_back_as_it_was_written() {
        for by in ["expiration-1", "a name with blanks", "büro"] {
            let claim = ClaimHeader { claimed_at_ms: 1_769_860_800_123, by: by.to_owned() };
            assert_eq!(claim.to_string().parse(), Ok(claim));
        }
    }

    #[test]
    fn what_is_no_claim_is_none() {
        for text in ["", "1", "1 ", " a", "soon a", "1.5 a", "1 a\tb", "99999999999999999999 a"] {
            assert_eq!(text.parse::<ClaimHeader>(), Err(InvalidClaim), "{text:?}");
        }
        assert_eq!(format!("1 {}", "x".repeat(129)).parse::<ClaimHeader>(), Err(InvalidClaim));
    }
}
