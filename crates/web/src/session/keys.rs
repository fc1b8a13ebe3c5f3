//! The keys that sign sessions.

use std::{fmt, sync::Arc};

use process::config::Environment;
use secrecy::{ExposeSecret as _, SecretString};

/// The keys that sign sessions, at least one. The first signs, all of them are accepted: a new key is put in front of
/// the old one, which is taken away once the sessions that it signed are over. Cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<SecretString>);

/// Stands between two keys.
const SEPARATOR: char = ',';

impl Keys {
    /// Reads `JWT_KEY`. Byte for byte: services in other languages hold the same secret.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let keys = env.required_secret(
            "JWT_KEY", "signs and checks sessions; several keys with a comma and nothing else between them, of which the first signs and all are accepted",
            "the secret that signs sessions, or several, comma-separated, of which the first signs",
            check,
        );
        keys.map(|keys| Self(Arc::new(keys)))
    }

    /// The key that signs.
    pub(super) fn first(&self) -> &[u8] {
        self.all().next().unwrap_or_default()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &[u8]> {
        self.0.expose_secret().split(SEPARATOR).map(str::as_bytes)
    }
}

impl From<&str> for Keys {
    /// What a test makes up, in the form of `JWT_KEY`.
    fn from(keys: &str) -> Self {
        Self(Arc::new(keys.into()))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

fn check(keys: &str) -> Result<(), &'static str> {
    let all = || keys.split(SEPARATOR);
    if all().any(|key| key.trim().is_empty()) {
        return Err(
            "has an empty key, with which anyone could sign; expected keys with a comma between them",
        );
    }
    // A space behind the comma would be part of the key, and sign everybody out without a word.
    if keys.contains(SEPARATOR) && all().any(|key| key.trim() != key) {
        return Err("has white space around a key; expected keys with a comma and nothing else between them");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Result<Keys, String> {
        let mut env = Environment::from_pairs([("JWT_KEY", text)]);
        let keys = Keys::read(&mut env);
        env.finish(keys).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn the_first_of_several_keys_signs() {
        let keys = read("new,old").unwrap();
        assert_eq!(keys.first(), b"new");
        assert_eq!(keys.all().collect::<Vec<_>>(), [b"new", b"old"]);
        assert_eq!(read("a b\n").unwrap().first(), b"a b\n");
        assert!(!format!("{keys:?}").contains("new"), "{keys:?}");
    }

    #[test]
    fn an_empty_key_or_white_space_between_keys_is_refused_without_showing_the_others() {
        for text in ["s3cret,", ",s3cret", "s3cret,,s3cret", "s3cret, ", "s3cret, s3cret", "s3cret,s3cret\n"]
        {
            let mistake = read(text).unwrap_err();
            assert!(mistake.contains("JWT_KEY") && !mistake.contains("s3cret"), "{mistake}");
        }
        assert!(read("").unwrap_err().contains("is missing"));
    }
}
