//! Who is signed in: a cookie with a token that `auth` signs and every service checks.

mod cookie;
mod jwt;
mod keys;

pub use cookie::{CookieName, UnknownCookieName};
pub use keys::Keys;

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, request::Parts},
};
use common::{clock, event::Id};
use serde::{Deserialize, Serialize};

use super::ApiError;

/// The user who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The user's id.
    pub id: Id,
    /// The address that the user signed in with. Tokens of ours always have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// The user who is signed in, if anyone is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaybeUser(pub Option<User>);

/// Knows who is signed in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sessions {
    keys: Keys,
    name: CookieName,
}

/// What a token of ours says.
#[derive(Debug, Serialize)]
struct Claims<'a> {
    #[serde(flatten)]
    user: &'a User,
    iat: i64,
    exp: i64,
}

impl Sessions {
    /// Sessions whose tokens one of these keys has signed.
    pub fn new(keys: Keys) -> Self {
        Self { keys, name: CookieName::default() }
    }

    /// With this name on the cookies that [`open`](Self::open) writes.
    #[must_use]
    pub fn writing(self, name: CookieName) -> Self {
        Self { name, ..self }
    }

    /// The `Set-Cookie` of a user who signs in, good for `lifetime`; `secure`: only over HTTPS. Called by `auth`.
    pub fn open(&self, user: &User, lifetime: Duration, secure: bool) -> String {
        let iat = clock::now().timestamp();
        let lifetime_s = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        let claims = Claims { user, iat, exp: iat.saturating_add(lifetime_s) };
        // Texts and numbers are always JSON.
        let token = jwt::sign(&claims, self.keys.first()).unwrap_or_default();
        cookie::set(self.name, token, secure)
    }

    /// The `Set-Cookie`s of a user who signs out. Called by `auth`.
    pub fn close(secure: bool) -> [String; 2] {
        cookie::clear(secure)
    }

    /// The user of a request that arrives `now` (seconds since the Unix epoch).
    fn user(&self, headers: &HeaderMap, now: i64) -> Option<User> {
        cookie::tokens(headers)
            .find_map(|token| self.keys.all().find_map(|key| jwt::verify(&token, key, now)))
    }
}

impl<S> FromRequestParts<S> for MaybeUser
where
    S: Send + Sync,
    Sessions: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let user = Sessions::from_ref(state).user(&parts.headers, clock::now().timestamp());
        if let Some(user) = &user {
            tracing::Span::current().record("user", user.id.as_str());
        }
        Ok(Self(user))
    }
}

impl<S> FromRequestParts<S> for User
where
    S: Send + Sync,
    Sessions: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Ok(MaybeUser(user)) = MaybeUser::from_request_parts(parts, state).await;
        user.ok_or(ApiError::NotAuthorized)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE;

    use super::*;

    fn user() -> User {
        User { id: "u-1".parse().unwrap(), email: Some("a@b.c".to_owned()) }
    }

    fn read(keys: &str, cookie: &str, now: i64) -> Option<User> {
        let (pair, _) = cookie.split_once(';').unwrap();
        let headers = [(COOKIE, pair.parse().unwrap())].into_iter().collect();
        Sessions::new(keys.into()).user(&headers, now)
    }

    #[test]
    fn a_session_is_good_for_its_lifetime_and_no_longer() {
        let now = clock::now().timestamp();
        let cookie = Sessions::new("key".into()).open(&user(), Duration::from_secs(60), true);
        assert_eq!(read("key", &cookie, now), Some(user()));
        assert_eq!(read("key", &cookie, now + 59), Some(user()));
        assert_eq!(read("key", &cookie, now + 62), None);
    }

    #[test]
    fn a_session_of_another_application_in_front_of_ours_does_not_sign_the_user_out() {
        let now = clock::now().timestamp();
        let open = |key: &str| Sessions::new(key.into()).open(&user(), Duration::from_secs(60), true);
        let (theirs, ours) = (open("theirs"), open("key"));
        let (theirs, _) = theirs.split_once(';').unwrap();
        let headers = [(COOKIE, format!("{theirs}; {}", ours.split_once(';').unwrap().0).parse().unwrap())];
        assert_eq!(Sessions::new("key".into()).user(&headers.into_iter().collect(), now), Some(user()));
    }

    #[test]
    fn a_key_is_replaced_without_signing_anybody_out() {
        let now = clock::now().timestamp();
        let open = |keys: &str| Sessions::new(keys.into()).open(&user(), Duration::from_secs(60), true);
        let (before, after) = (open("old"), open("new,old"));
        assert_eq!(read("new,old", &before, now), Some(user()));
        assert_eq!(read("new,old", &after, now), Some(user()));
        assert_eq!(read("new", &after, now), Some(user()), "the first signs");
        assert_eq!(read("new", &before, now), None);
        assert_eq!(read("new,old", &open("forged"), now), None);
    }
}
