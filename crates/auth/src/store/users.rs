//! Accounts.

use common::event::Id;
use postgres::Failure;
use sqlx::Error;

use super::Store;
use crate::email::Email;

/// An account with what its password is verified against.
#[derive(Clone)]
pub struct Account {
    /// The user's id.
    pub id: Id,
    /// PHC string of the password.
    pub password_hash: String,
}

/// What became of a wish for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is there, with the id that was asked for.
    Created,
    /// Another account has this address.
    EmailInUse,
}

impl Store {
    /// Creates an account. `id` is made by the caller, so that running it again creates nothing twice and an account
    /// whose answer was lost is recognised.
    ///
    /// # Errors
    /// What Postgres answers. The account may have been created all the same, if the answer was lost twice.
    pub async fn create(&self, id: &Id, email: &Email, password_hash: &str) -> sqlx::Result<Created> {
        match self.create_once(id, email, password_hash).await {
            Err(error) if Failure::is_ambiguous(&error) => self.create_once(id, email, password_hash).await,
            answer => answer,
        }
    }

    async fn create_once(&self, id: &Id, email: &Email, password_hash: &str) -> sqlx::Result<Created> {
        let holder: Option<String> = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let inserted = sqlx::query(
                "insert into users (id, email, password_hash)
                 select $1, $2, $3 where not exists (select from users where email = $4 and $4 <> $2)
                 on conflict do nothing",
            );
            let inserted = inserted.bind(id.as_str()).bind(email.as_str()).bind(password_hash);
            let inserted = inserted.bind(email.ascii());
            let holder = if inserted.execute(&mut *connection).await?.rows_affected() == 1 {
                Some(id.to_string())
            } else {
                // A statement of its own: that one may have waited for a row that it can't see.
                let holder = sqlx::query_scalar("select id from users where email in ($1, $2) limit 1");
                let holder = holder.bind(email.as_str()).bind(email.ascii());
                holder.fetch_optional(&mut *connection).await?
            };
            connection.release();
            Ok(holder)
        })
        .await?;
        let holder = holder.map(decode_id).transpose()?;
        Ok(if holder.as_ref() == Some(id) { Created::Created } else { Created::EmailInUse })
    }

    /// The account of this address.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn find(&self, email: &Email) -> sqlx::Result<Option<Account>> {
        let row: Option<(String, String)> = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            // Two rows only if an older release made one of them: the normalised address wins.
            let row = sqlx::query_as(
                "select id, password_hash from users where email in ($1, $2) order by email <> $1 limit 1",
            );
            let row = row.bind(email.as_str()).bind(email.ascii());
            let row = row.fetch_optional(&mut *connection).await?;
            connection.release();
            Ok(row)
        })
        .await?;
        row.map(|(id, password_hash)| Ok(Account { id: decode_id(id)?, password_hash })).transpose()
    }

    /// Replaces the hash of an account's password, unless it is no longer `old`.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn replace_hash(&self, user: &Id, old: &str, new: &str) -> sqlx::Result<()> {
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            sqlx::query("update users set password_hash = $3 where id = $1 and password_hash = $2")
                .bind(user.as_str())
                .bind(old)
                .bind(new)
                .execute(&mut *connection)
                .await?;
            connection.release();
            Ok(())
        })
        .await
    }
}

fn decode_id(text: String) -> sqlx::Result<Id> {
    text.try_into().map_err(|error| Error::Decode(Box::new(error)))
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("id", &self.id).finish_non_exhaustive()
    }
}
