//! E-mail addresses, which are the names of accounts.
//!
//! The local part is read here: what may name an account is policy (no quotes, nothing invisible), and narrower than the
//! grammar that libraries check.

use std::{fmt, str::FromStr};

use idna::{
    AsciiDenyList,
    uts46::{DnsLength, Hyphens, Uts46},
};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_script::{Script, UnicodeScript as _};

/// Longest address, in bytes (RFC 5321 §4.5.3.1.3, without its brackets).
pub const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 64;

/// A normalised address: trimmed, in lower case and in Unicode's composed form, its domain as UTS #46 reads it. `Debug` does
/// not show it: it belongs into no log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email {
    text: String,
    /// With the domain in the letters of the DNS (`xn--...`), if that is another text.
    ascii: Option<String>,
}

/// The text is no address that we take. It is not shown: it belongs into no log either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address; expected one such as ann@example.com")]
pub struct InvalidEmail;

impl Email {
    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same address as a browser may have written it: with the domain in the letters of the DNS. Older accounts have it.
    pub fn ascii(&self) -> &str {
        self.ascii.as_deref().unwrap_or(&self.text)
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let (local, domain) = text.trim().split_once('@').ok_or(InvalidEmail)?;
        // Letter by letter: a whole word in lower case depends on where its letters stand (a final sigma).
        let local: String = local.nfc().flat_map(char::to_lowercase).nfc().collect();
        let (domain, ascii) = domain_forms(domain).ok_or(InvalidEmail)?;
        let email = Self {
            text: format!("{local}@{domain}"),
            ascii: (ascii != domain).then(|| format!("{local}@{ascii}")),
        };
        let valid = is_local(&local) && email.text.len() <= LONGEST && email.ascii().len() <= LONGEST;
        valid.then_some(email).ok_or(InvalidEmail)
    }
}

/// A domain as a person reads it, and in the letters of the DNS. Source: UTS #46, <https://www.unicode.org/reports/tr46/>.
fn domain_forms(domain: &str) -> Option<(String, String)> {
    let uts46 = Uts46::new();
    let (rules, hyphens) = (AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    let ascii = uts46.to_ascii(domain.as_bytes(), rules, hyphens, DnsLength::Verify).ok()?;
    let (unicode, checked) = uts46.to_unicode(domain.as_bytes(), rules, hyphens);
    checked.ok()?;
    let (_, top) = ascii.rsplit_once('.')?;
    // An address of digits is no domain.
    let is_domain = !top.bytes().all(|byte| byte.is_ascii_digit());
    is_domain.then(|| (unicode.into_owned(), ascii.into_owned()))
}

fn is_local(local: &str) -> bool {
    // A dot neither begins nor ends it, and never follows another.
    local.len() <= LONGEST_LOCAL && local.split('.').all(is_atom)
}

/// Letters, digits and a few signs, and the marks that the scripts of some languages put on their letters (a virama, a
/// tone): each behind a letter of its own script, so that none is left over to be seen nowhere or twice.
fn is_atom(atom: &str) -> bool {
    let mut before = None;
    let good = atom.chars().all(|c| {
        let belongs = |letter: char| is_combining_mark(c) && is_of_one_script(letter, c);
        let good = is_atext(c) || before.is_some_and(belongs);
        before = Some(c);
        good
    });
    good && !atom.is_empty()
}

/// Marks that any script may use are of none here: composed with its letter, such a one is gone.
fn is_of_one_script(letter: char, mark: char) -> bool {
    let script = mark.script();
    script == letter.script() && !matches!(script, Script::Inherited | Script::Common | Script::Unknown)
}

/// RFC 5322's atext without the backtick, and the letters and digits of every language. No other character beyond
/// ASCII: invisible ones would let two addresses look like one.
fn is_atext(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_{|}~".contains(c)
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
    fn usual_addresses_of_every_script_are_taken() {
        for local in [
            "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}",
            "\u{e1c}\u{e39}\u{e49}\u{e43}\u{e0a}\u{e49}",
            "\u{ba4}\u{bae}\u{bbf}\u{bb4}\u{bcd}",
            "\u{9ac}\u{9be}\u{982}\u{9b2}\u{9be}",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
            "\u{645}\u{62b}\u{627}\u{644}",
        ] {
            assert_eq!(normal(&format!("{local}@example.com")), Some(format!("{local}@example.com")));
        }
        // A mark with nothing of its script in front.
        for local in ["\u{94d}", "a\u{94d}", "\u{e1c}\u{94d}", "\u{939}.\u{94d}"] {
            assert_eq!(normal(&format!("{local}@example.com")), None, "{local:?}");
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
    fn a_domain_is_one_however_it_is_written() {
        for domain in [
            "b\u{fc}cher.example",
            "xn--bcher-kva.example",
            "\u{ff42}\u{fc}cher.example",
            "BU\u{308}CHER.example",
        ] {
            let email: Email = format!("ann@{domain}").parse().unwrap();
            assert_eq!(email.as_str(), "ann@b\u{fc}cher.example", "{domain}");
            assert_eq!(email.ascii(), "ann@xn--bcher-kva.example", "{domain}");
        }
        for wrong in ["xn--\u{fc}.example", "xn--a.example", "exa\u{202e}mple.com"] {
            assert_eq!(normal(&format!("ann@{wrong}")), None, "{wrong}");
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
