//! E-mail addresses, which are the names of accounts.

use std::{fmt, str::FromStr};

use unicode_normalization::UnicodeNormalization as _;

/// Longest address, in bytes (RFC 5321 §4.5.3.1.3, without its brackets).
pub const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 64;
const LONGEST_LABEL: usize = 63;

/// A normalised address: trimmed, in lower case and in Unicode's composed form. `Debug` does not show it: it belongs into no log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// The text is no address that we take. It is not shown: it belongs into no log either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address; expected one such as ann@example.com")]
pub struct InvalidEmail;

impl Email {
    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        // Letter by letter: a whole word in lower case depends on where its letters stand (a final sigma).
        let normal: String = text.trim().nfc().flat_map(char::to_lowercase).nfc().collect();
        let (local, domain) = normal.split_once('@').ok_or(InvalidEmail)?;
        let valid = normal.len() <= LONGEST && is_local(local) && is_domain(domain);
        valid.then_some(Self(normal)).ok_or(InvalidEmail)
    }
}

fn is_local(local: &str) -> bool {
    // A dot neither begins nor ends it, and never follows another.
    local.len() <= LONGEST_LOCAL
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// RFC 5322's atext without the backtick, and the letters and digits of every language. No other character beyond
/// ASCII: invisible ones would let two addresses look like one.
fn is_atext(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_{|}~".contains(c)
}

fn is_domain(domain: &str) -> bool {
    let mut labels = domain.split('.');
    // An address of digits is no domain.
    let top = labels.next_back().is_some_and(|top| is_label(top) && !top.bytes().all(|b| b.is_ascii_digit()));
    top && domain.contains('.') && labels.all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=LONGEST_LABEL).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> Option<String> {
        text.parse().ok().map(|email: Email| email.as_str().to_owned())
    }

    #[test]
    fn an_address_is_trimmed_and_in_lower_case() {
        for (text, expected) in [
            ("ann@example.com", "ann@example.com"),
            (" \tAnn@Example.COM\n", "ann@example.com"),
            ("ann.b+tickets@mail.example.co.uk", "ann.b+tickets@mail.example.co.uk"),
            ("o'brien@example.com", "o'brien@example.com"),
            ("!#$%&'*+-/=?^_{|}~@x-1.io", "!#$%&'*+-/=?^_{|}~@x-1.io"),
            ("J\u{dc}RGEN@B\u{dc}cher.example", "j\u{fc}rgen@b\u{fc}cher.example"),
            ("\u{39f}\u{394}\u{39f}\u{3a3}@example.gr", "\u{3bf}\u{3b4}\u{3bf}\u{3c3}@example.gr"),
        ] {
            assert_eq!(normal(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_normalised_stays_as_it_is() {
        for text in ["Ann@Example.com", "\u{39f}\u{3a3}@x.gr", "J\u{dc}RGEN@x.de"] {
            let once = normal(text).unwrap();
            assert_eq!(normal(&once), Some(once));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            " ",
            "@",
            "ann",
            "ann@",
            "@example.com",
            "ann@example",
            "ann@@example.com",
            "a@b@example.com",
            "ann@.com",
            "ann@example.",
            "ann@example..com",
            ".ann@example.com",
            "ann.@example.com",
            "a..n@example.com",
            "ann@-example.com",
            "ann@example-.com",
            "ann@exa_mple.com",
            "ann@127.0.0.1",
            "ann@[127.0.0.1]",
            "an n@example.com",
            "ann@exam ple.com",
            "ann\0@example.com",
            "ann@example.com\0",
            "ann\r\nBcc:@example.com",
            "\"ann\"@example.com",
            "ann`@example.com",
            "ann@example.com, bob@example.com",
            "<ann@example.com>",
            "Ann <ann@example.com>",
            "' or 1=1 --@example.com",
            "ann;drop@example.com",
            "ann\\@example.com",
        ] {
            assert_eq!(normal(text), None, "{text:?}");
        }
    }

    #[test]
    fn two_ways_to_write_one_letter_are_one_account() {
        for (decomposed, composed) in [
            ("ju\u{308}rgen", "j\u{fc}rgen"),
            ("JU\u{308}RGEN", "j\u{fc}rgen"),
            ("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
        ] {
            let expected = format!("{composed}@example.com");
            assert_eq!(normal(&format!("{decomposed}@example.com")), Some(expected), "{decomposed}");
        }
    }

    #[test]
    fn what_can_not_be_seen_is_in_no_address() {
        for other in ["a\u{200b}nn", "a\u{ad}nn", "a\u{202e}nn", "a\u{fe0f}nn", "a\u{308}\u{308}", "\u{130}n"]
        {
            assert_eq!(normal(&format!("{other}@example.com")), None, "{other:?}");
        }
    }

    #[test]
    fn an_address_has_a_longest_form() {
        let local = |length| format!("{}@example.com", "a".repeat(length));
        assert!(normal(&local(64)).is_some());
        assert_eq!(normal(&local(65)), None);
        assert!(normal(&format!("a@{}.com", "b".repeat(63))).is_some());
        assert_eq!(normal(&format!("a@{}.com", "b".repeat(64))), None);
        let whole = |last| format!("a@{0}.{0}.{0}.{1}", "b".repeat(63), "c".repeat(last));
        assert_eq!(whole(60).len(), 254);
        assert!(normal(&whole(60)).is_some());
        assert_eq!(normal(&whole(61)), None);
    }

    #[test]
    fn an_address_is_not_shown_in_a_debug_text() {
        let email: Email = "ann@example.com".parse().unwrap();
        assert_eq!(format!("{email:?}"), "Email");
    }
}
