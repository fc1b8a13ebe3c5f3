//! Identifiers as they travel between services.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The id of an order, a ticket, a user or a payment: 1 to 64 characters of `[A-Za-z0-9_-]`.
///
/// Cheap to clone. The order is that of the bytes, which is also the order in which the stores lock rows.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(Arc<str>);

/// Why a text is no id. It names the length or the character, never the whole text, which may be huge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// The text has no character, or more than [`Id::MAX_LEN`].
    #[error("an id has 1 to 64 characters, this one has {0} bytes")]
    Length(usize),
    /// The text has a character that would not survive as a part of a key, a header or a URL.
    #[error("an id is made of letters, digits, `_` and `-`, this one has {0:?}")]
    Character(char),
}

impl Id {
    /// The longest id that a reader takes, in characters.
    pub const MAX_LEN: usize = 64;

    /// A new id in the form of a Mongo ObjectId, because services in other languages store ours as such:
    /// 24 lowercase hex digits, 4 bytes of seconds since the Unix epoch and 8 random ones.
    pub fn generate() -> Self {
        // Seconds wrap in the year 2106, as an ObjectId's do.
        let seconds = (crate::clock::now().timestamp() as u64) & u64::from(u32::MAX);
        let random: u64 = rand::random();
        Self(format!("{seconds:08x}{random:016x}").into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Id {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        check(text).map(|()| Self(text.into()))
    }
}

impl TryFrom<String> for Id {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        check(&text).map(|()| Self(text.into()))
    }
}

fn check(text: &str) -> Result<(), InvalidId> {
    if text.is_empty() || text.len() > Id::MAX_LEN {
        return Err(InvalidId::Length(text.len()));
    }
    let legal = |b: u8| b.is_ascii_alphanumeric() | (b == b'_') | (b == b'-');
    // Without a way out half-way, so that the compiler can check many bytes at a time.
    if text.bytes().fold(true, |all, b| all & legal(b)) {
        return Ok(());
    }
    let bad = text.chars().find(|c| !u8::try_from(*c).is_ok_and(legal));
    bad.map_or(Ok(()), |c| Err(InvalidId::Character(c)))
}

impl AsRef<str> for Id {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        // A visitor, because the way through `String` allocates each id twice.
        impl de::Visitor<'_> for Text {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_generated_id_is_an_object_id_of_this_second() {
        let before = crate::clock::now().timestamp();
        let id = Id::generate();
        let after = crate::clock::now().timestamp();

        assert_eq!(id.as_str().len(), 24);
        assert!(id.as_str().bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{id}");
        let seconds = i64::from_str_radix(&id.as_str()[..8], 16).unwrap();
        assert!((before..=after).contains(&seconds), "{seconds} is not within {before}..={after}");
    }

    #[test]
    fn two_generated_ids_differ() {
        assert_ne!(Id::generate(), Id::generate());
    }

    #[test]
    fn a_text_that_is_too_long_or_empty_is_no_id() {
        assert_eq!("".parse::<Id>(), Err(InvalidId::Length(0)));
        assert_eq!("a".repeat(65).parse::<Id>(), Err(InvalidId::Length(65)));
        assert!("a".repeat(64).parse::<Id>().is_ok());
    }

    proptest! {
        #[test]
        fn every_legal_text_is_read_and_written_unchanged(text in "[A-Za-z0-9_-]{1,64}") {
            let json = format!("\"{text}\"");
            let id: Id = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(id.as_str(), &text);
            prop_assert_eq!(serde_json::to_string(&id).unwrap(), json);
            prop_assert_eq!(Id::try_from(text).unwrap(), id);
        }

        #[test]
        fn a_text_with_an_illegal_character_is_refused_and_the_character_named(
            before in "[A-Za-z0-9_-]{0,20}", bad in "[^A-Za-z0-9_-]", after in "[A-Za-z0-9_-]{0,20}",
        ) {
            let json = serde_json::to_string(&format!("{before}{bad}{after}")).unwrap();
            let error = serde_json::from_str::<Id>(&json).unwrap_err().to_string();
            prop_assert!(error.contains(&format!("{:?}", bad.chars().next().unwrap())), "{}", error);
        }
    }
}
