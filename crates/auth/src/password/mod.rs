//! Passwords: argon2id, in threads that may block, and no more of it at once than there are cores.

mod phc;

use std::{sync::Arc, thread::available_parallelism, time::Duration};

use argon2::password_hash;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};
use unicode_normalization::UnicodeNormalization as _;

/// Shortest password of a new account, in Unicode scalar values, as the existing clients have it.
pub const SHORTEST: usize = 4;
/// Longest password of a new account, in the same unit.
pub const LONGEST: usize = 128;

/// How long to wait for a core. Less than a request may take, so that the client still gets an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Hashes and verifies passwords. Clones share the cores.
#[derive(Clone, Debug)]
pub struct Passwords {
    cores: Arc<Semaphore>,
}

/// What a password is to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not its password, or there is no account.
    Wrong,
    /// Its password.
    Right {
        /// The hash was made with weaker parameters than those of today, or of another form of the password: replace it.
        weak: bool,
    },
}

/// Why a password could not be hashed or verified.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Every core was busy with other passwords for too long. Worth another try.
    #[error("no core was free for a password within {PATIENCE:?}: start more replicas")]
    Busy,
    /// The stored hash is none that can be read, or memory ran out.
    #[error("a password could not be hashed or verified: {0}")]
    Hash(#[from] password_hash::Error),
    /// The thread that worked on it panicked.
    #[error("a password could not be hashed or verified: {0}")]
    Panicked(#[from] tokio::task::JoinError),
}

impl Default for Passwords {
    /// One at a time for each core: together they hold so many times 19 MiB.
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self { cores: Arc::new(Semaphore::new(cores)) }
    }
}

impl Passwords {
    /// The PHC string of a new password, with a salt of its own. The password is hashed in Unicode's composed form (NFC):
    /// keyboards differ in how they write one letter.
    ///
    /// # Errors
    /// [`PasswordError`]
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        self.work(move || phc::hash(composed(&password).expose_secret())).await
    }

    /// Whether `stored` is of this password, in its composed form or, as older releases hashed it, as it was typed; that
    /// hash is a weak one. Without `stored`, which is when there is no such account, the same work is
    /// done for nothing.
    ///
    /// # Errors
    /// [`PasswordError`]
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<Verdict, PasswordError> {
        self.work(move || {
            let (composed, stored) = (composed(&password), stored.as_deref());
            let verdict = phc::verify(composed.expose_secret(), stored)?;
            if verdict != Verdict::Wrong || composed.expose_secret() == password.expose_secret() {
                return Ok(verdict);
            }
            Ok(match phc::verify(password.expose_secret(), stored)? {
                Verdict::Right { .. } => Verdict::Right { weak: true },
                Verdict::Wrong => Verdict::Wrong,
            })
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> password_hash::Result<T> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let core = timeout(PATIENCE, Arc::clone(&self.cores).acquire_owned()).await;
        // The semaphore is never closed, so the other error does not come.
        let Ok(Ok(core)) = core else { return Err(PasswordError::Busy) };
        let worked = spawn_blocking(move || {
            // Held by the thread, which goes on when the client has gone.
            let _core = core;
            work()
        });
        Ok(worked.await??)
    }
}

fn composed(password: &SecretString) -> SecretString {
    password.expose_secret().nfc().collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPOSED: &str = "p\u{e4}ssword";
    const DECOMPOSED: &str = "pa\u{308}ssword";

    #[tokio::test]
    async fn a_password_is_the_same_in_either_unicode_form() {
        let passwords = Passwords::default();
        for (first, then) in [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)] {
            let stored = passwords.hash(first.into()).await.unwrap();
            let verdict = passwords.verify(then.into(), Some(stored.clone())).await.unwrap();
            assert_eq!(verdict, Verdict::Right { weak: false });
            let wrong = passwords.verify("password".into(), Some(stored)).await.unwrap();
            assert_eq!(wrong, Verdict::Wrong);
        }
    }

    #[tokio::test]
    async fn a_password_that_an_older_release_hashed_as_it_was_typed_still_opens_and_is_hashed_again() {
        let passwords = Passwords::default();
        let stored = phc::hash(DECOMPOSED).unwrap();
        let verdict = passwords.verify(DECOMPOSED.into(), Some(stored)).await.unwrap();
        assert_eq!(verdict, Verdict::Right { weak: true });
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_finds_no_core_free_is_told_in_time() {
        let passwords = Passwords { cores: Arc::new(Semaphore::new(0)) };
        assert!(matches!(passwords.hash("s3cret".into()).await, Err(PasswordError::Busy)));
        passwords.cores.add_permits(1);
        assert!(passwords.hash("s3cret".into()).await.is_ok());
        assert_eq!(passwords.cores.available_permits(), 1);
    }
}
