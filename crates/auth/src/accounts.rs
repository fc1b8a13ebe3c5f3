//! Signing up and signing in, with what keeps others from guessing passwords.

use std::{net::IpAddr, time::Duration};

use common::event::Id;
use metrics::counter;
use process::{
    outage::Outage,
    telemetry::{begin_at_zero, begin_each_at_zero},
};
use secrecy::SecretString;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info, warn};

use crate::{
    email::Email,
    limit::{Client, Pace, Subject, WINDOW},
    password::{PasswordError, Passwords, Verdict},
    queue::{PATIENCE, Queue},
    shared_address::SharedAddress,
    store::{Account, Attempt, Created, End, Reserved, Store},
};

/// Whoever guesses goes on: the log counts him.
static REFUSED: Outage = Outage::new(WINDOW);

/// The accounts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Accounts {
    store: Store,
    passwords: Passwords,
    queue: Queue,
    pace: Pace,
    shared_address: SharedAddress,
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
    /// Too many attempts were in flight for too long. Worth another try.
    #[error("too many attempts were in flight for {PATIENCE:?}")]
    Busy,
    /// The password could not be hashed or verified.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// What Postgres answers.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A defect.
    #[error("an attempt did not come to its end: {0}")]
    Panicked(#[from] JoinError),
}

impl Accounts {
    /// Accounts in `store`, where failed attempts slow down those after them by `pace`.
    pub fn new(store: Store, passwords: Passwords, pace: Pace) -> Self {
        begin_at_zero("signups_total");
        begin_each_at_zero("signins_total", "outcome", &OUTCOMES);
        let (queue, shared_address) = (Queue::new(store.clone()), SharedAddress::default());
        Self { store, passwords, queue, pace, shared_address }
    }

    /// Creates an account, asked for from address `from`, and says its id. It comes to its end also when this future
    /// is dropped.
    ///
    /// # Errors
    /// [`Refusal`], but never [`Refusal::InvalidCredentials`]. An address in use counts as a failed attempt of `from`:
    /// else one could ask for all of them.
    pub async fn sign_up(&self, email: &Email, password: SecretString, from: IpAddr) -> Result<Id, Refusal> {
        let (accounts, email) = (self.clone(), email.clone());
        to_its_end(async move |gone| {
            let user = accounts.try_sign_up(&email, password, from, &gone).await?;
            counter!("signups_total").increment(1);
            info!("user {user} signed up");
            Ok(user)
        })
        .await
    }

    /// The id of the account with this address and password, asked for by `client`. It comes to its end also when this
    /// future is dropped.
    ///
    /// # Errors
    /// [`Refusal`], but never [`Refusal::EmailInUse`].
    pub async fn sign_in(
        &self,
        email: &Email,
        password: SecretString,
        client: Client,
    ) -> Result<Id, Refusal> {
        let (accounts, email) = (self.clone(), email.clone());
        to_its_end(async move |gone| {
            let answer = accounts.try_sign_in(&email, password, &client, &gone).await;
            counter!("signins_total", "outcome" => outcome(&answer)).increment(1);
            if let Ok(user) = &answer {
                info!("user {user} signed in");
            }
            answer
        })
        .await
    }

    async fn try_sign_up(
        &self,
        email: &Email,
        password: SecretString,
        from: IpAddr,
        gone: &CancellationToken,
    ) -> Result<Id, Refusal> {
        let attempt = self.reserve(&[Subject::Address(from)], from, gone).await?;
        let created = self.create(email, password).await;
        self.end(&attempt, end_of(&created)).await;
        created
    }

    async fn try_sign_in(
        &self,
        email: &Email,
        password: SecretString,
        client: &Client,
        gone: &CancellationToken,
    ) -> Result<Id, Refusal> {
        let attempt = self.reserve(&client.subjects(email), client.address, gone).await?;
        let checked = self.check(email, password).await;
        self.end(&attempt, end_of(&checked)).await;
        checked
    }

    async fn reserve(
        &self,
        subjects: &[Subject],
        from: IpAddr,
        gone: &CancellationToken,
    ) -> Result<Attempt, Refusal> {
        match self.queue.reserve(subjects, gone).await? {
            Reserved::Attempt(attempt) => {
                REFUSED.succeeded();
                let pause = attempt.pause(self.pace);
                if !pause.is_zero() {
                    self.shared_address.look_at(&self.store, from).await;
                    // In flight meanwhile, so that many at once do not wait side by side.
                    tokio::time::sleep(pause).await;
                }
                Ok(attempt)
            }
            Reserved::TooMany(remaining) => {
                if let Some(count) = REFUSED.failed() {
                    let seconds = remaining.as_secs();
                    warn!(count, "too many failed attempts, the last from {from}: refused for {seconds}s");
                }
                Err(Refusal::TooManyAttempts(remaining))
            }
            Reserved::Busy => Err(Refusal::Busy),
        }
    }

    /// Without success: it is in flight until it is too old for that.
    async fn end(&self, attempt: &Attempt, end: End) {
        if let Err(error) = self.store.end(attempt, end).await {
            warn!("an attempt that is over stays in flight for now: {error}");
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

/// The result of an attempt: only an answer about the account is the client's failure.
fn end_of(answer: &Result<Id, Refusal>) -> End {
    match answer {
        Ok(_) => End::Succeeded,
        Err(Refusal::EmailInUse | Refusal::InvalidCredentials) => End::Failed,
        Err(_) => End::TakenBack,
    }
}

/// Does `work` to its end, also when the client has gone; it is told of that.
async fn to_its_end<F>(work: impl FnOnce(CancellationToken) -> F) -> Result<Id, Refusal>
where
    F: Future<Output = Result<Id, Refusal>> + Send + 'static,
{
    let gone = CancellationToken::new();
    let _here = gone.clone().drop_guard();
    tokio::spawn(work(gone).in_current_span()).await?
}

const OUTCOMES: [&str; 4] = ["signed_in", "invalid_credentials", "too_many_attempts", "failed"];

const fn outcome(answer: &Result<Id, Refusal>) -> &'static str {
    match answer {
        Ok(_) => OUTCOMES[0],
        Err(Refusal::InvalidCredentials) => OUTCOMES[1],
        Err(Refusal::TooManyAttempts(_)) => OUTCOMES[2],
        Err(_) => OUTCOMES[3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_attempt_that_panics_is_told_as_a_defect() {
        let refusal = to_its_end(async |_gone| panic!("on purpose")).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Panicked(_)), "{refusal:?}");
    }
}
