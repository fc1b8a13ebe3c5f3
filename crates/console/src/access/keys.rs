//! The tokens that are known.

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::Role;
use crate::config::Token;

/// The tokens that are known.
#[derive(Debug)]
pub(super) struct Keys(Vec<Key>);

/// One of them.
#[derive(Debug)]
pub(super) struct Key {
    name: String,
    role: Role,
    hash: [u8; 32],
    secret: SecretString,
}

impl Keys {
    pub(super) fn new(viewers: Vec<Token>, operators: Vec<Token>) -> Self {
        let key = |role| {
            move |Token { name, secret }| {
                let hash = Sha256::digest(secret.expose_secret()).into();
                Key { name, role, hash, secret }
            }
        };
        let viewers = viewers.into_iter().map(key(Role::Viewer));
        Self(viewers.chain(operators.into_iter().map(key(Role::Operator))).collect())
    }

    /// Whose token this is. Hashes are compared, so the time that it takes tells nothing of a token.
    pub(super) fn find(&self, token: &str) -> Option<&Key> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        self.0.iter().find(|key| key.hash == hash)
    }

    /// The token of this name.
    pub(super) fn named(&self, name: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.name == name)
    }
}

impl Key {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    /// What signs the sessions of this token: they end with it.
    pub(super) fn secret(&self) -> &[u8] {
        self.secret.expose_secret().as_bytes()
    }
}
