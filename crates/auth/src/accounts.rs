//! Signing up and signing in, with what keeps others from guessing passwords.

use std::{net::IpAddr, time::Duration};

use common::event::Id;
use secrecy::SecretString;
use tracing::warn;

use crate::{
    email::Email,
    limit::Subject,
    password::{PasswordError, Passwords, Verdict},
    store::{Account, Attempt, Created, Reserved, Store},
};

/// The accounts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Accounts {
    store: Store,
    passwords: Passwords,
}

/// Why nobody is signed up or in.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Another account has this address.
    #[error("the e-mail address has an account")]
    EmailInUse,
    /// There is no such account, or the password is not its own: nobody learns which.
    #[error("unknown e-mail address or wrong password")]
    InvalidCredentials,
    /// Too many attempts failed; the time until another is worth it.
    #[error("too many failed attempts, the next in {0:?}")]
    TooManyAttempts(Duration),
    /// The password could not be hashed or verified.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// What Postgres answers.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Accounts {
    /// Accounts in `store`.
    pub fn new(store: Store, passwords: Passwords) -> Self {
        Self { store, passwords }
    }

    /// Creates an account, asked for from address `from`, and says its id.
    ///
    /// # Errors
    /// [`Refusal`], but never [`Refusal::InvalidCredentials`]. An address in use counts as a failed attempt of `from`:
    /// else one could ask for all of them.
    pub async fn sign_up(&self, email: &Email, password: SecretString, from: IpAddr) -> Result<Id, Refusal> {
        let attempt = self.reserve(&[Subject::Address(from)], from).await?;
        let created = self.create(email, password).await;
        if !matches!(created, Err(Refusal::EmailInUse)) {
            tell(self.store.take_back(&attempt).await);
        }
        created
    }

    /// The id of the account with this address and password, asked for from address `from`.
    ///
    /// # Errors
    /// [`Refusal`], but never [`Refusal::EmailInUse`].
    pub async fn sign_in(&self, email: &Email, password: SecretString, from: IpAddr) -> Result<Id, Refusal> {
        let subjects = [Subject::Account(email.clone()), Subject::Address(from)];
        let attempt = self.reserve(&subjects, from).await?;
        // Who goes away meanwhile has failed: the attempt stays counted.
        let checked = self.check(email, password).await;
        match &checked {
            Ok(_) => tell(self.store.succeed(&attempt).await),
            Err(Refusal::InvalidCredentials) => {}
            Err(_) => tell(self.store.take_back(&attempt).await),
        }
        checked
    }

    async fn reserve(&self, subjects: &[Subject], from: IpAddr) -> Result<Attempt, Refusal> {
        match self.store.reserve(subjects).await? {
            Reserved::Attempt(attempt) => Ok(attempt),
            Reserved::TooMany(remaining) => {
                warn!("too many failed attempts, the last from {from}: refused for {}s", remaining.as_secs());
                Err(Refusal::TooManyAttempts(remaining))
            }
        }
    }

    async fn create(&self, email: &Email, password: SecretString) -> Result<Id, Refusal> {
        let (id, hash) = (Id::generate(), self.passwords.hash(password).await?);
        match self.store.create(&id, email, &hash).await? {
            Created::Created => Ok(id),
            Created::EmailInUse => Err(Refusal::EmailInUse),
        }
    }

    async fn check(&self, email: &Email, password: SecretString) -> Result<Id, Refusal> {
        let account = self.store.find(email).await?;
        let hash = account.as_ref().map(|account| account.password_hash.clone());
        let verdict = self.passwords.verify(password.clone(), hash).await?;
        match (account, verdict) {
            (Some(account), Verdict::Right { weak }) => {
                if weak {
                    self.strengthen(&account, password).await;
                }
                Ok(account.id)
            }
            _ => Err(Refusal::InvalidCredentials),
        }
    }

    /// Hashes the password again, with the parameters of today. Without success: the next time.
    async fn strengthen(&self, account: &Account, password: SecretString) {
        let replaced = async {
            let hash = self.passwords.hash(password).await?;
            Ok::<_, Refusal>(self.store.replace_hash(&account.id, &account.password_hash, &hash).await?)
        };
        if let Err(error) = replaced.await {
            warn!("the weak password hash of user {} stays for now: {error}", account.id);
        }
    }
}

/// The user has an answer already, and the failure counts no longer than its window.
fn tell(taken_back: sqlx::Result<()>) {
    if let Err(error) = taken_back {
        warn!("an attempt that did not fail stays counted as failed: {error}");
    }
}
