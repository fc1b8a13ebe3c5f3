//! Who is signed in: the cookie `session`, base64 of `{"jwt": "<token>"}`, as cookie-session writes it.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, header::COOKIE, request::Parts},
};
use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use common::{clock, event::Id};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{ApiError, jwt};

/// Whoever is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    /// The user's id.
    pub id: Id,
}

/// Knows who is signed in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sessions(Arc<SecretString>);

#[derive(Debug, Deserialize)]
struct Session {
    jwt: String,
}

/// With or without padding: clients and proxies differ.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ENGINES: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&STANDARD, LENIENT), GeneralPurpose::new(&URL_SAFE, LENIENT)];

impl Sessions {
    /// Sessions whose tokens `key` signs.
    pub fn new(key: SecretString) -> Self {
        Self(Arc::new(key))
    }

    /// The user of a request that arrives `now` (seconds since the Unix epoch).
    fn user(&self, headers: &HeaderMap, now: i64) -> Option<User> {
        let cookie = session_cookie(headers)?;
        let json = ENGINES.iter().find_map(|engine| engine.decode(&cookie).ok())?;
        let Session { jwt } = serde_json::from_slice(&json).ok()?;
        jwt::verify(&jwt, self.0.expose_secret().as_bytes(), now)
    }
}

fn session_cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == "session")?;
    // Some clients escape what base64 has beyond letters and digits.
    let value = value.trim_matches('"').replace("%3D", "=").replace("%2B", "+").replace("%2F", "/");
    Some(value)
}

impl<S> FromRequestParts<S> for User
where
    S: Send + Sync,
    Sessions: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let now = clock::now().timestamp();
        Sessions::from_ref(state).user(&parts.headers, now).ok_or(ApiError::NotAuthorized)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6InUtMSIsImVtYWlsIjoiYUBiLmMiLCJpYXQiOjE3MDAwMDAwMDB9.3c6fJ7PmErhc9ZC00VhPFh01pDznycDyYhxnTzv_ZIU";

    fn user(cookies: &[&str]) -> Option<User> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(COOKIE, cookie.parse().unwrap());
        }
        Sessions::new("asdf".into()).user(&headers, 1_700_000_000)
    }

    fn session(engine: &GeneralPurpose) -> String {
        // The question marks make the two alphabets differ.
        engine.encode(format!(r#"{{"jwt":"{JWT}","x":"???>>>"}}"#))
    }

    #[test]
    fn a_session_is_read_in_either_alphabet_with_and_without_padding() {
        let u1 = Some(User { id: "u-1".parse().unwrap() });
        for engine in &ENGINES {
            let cookie = session(engine);
            assert_eq!(user(&[&format!("session={cookie}")]), u1);
            assert_eq!(user(&[&format!("session={}", cookie.trim_end_matches('='))]), u1);
            assert_eq!(user(&[&format!("a=b; session={}; c=d", cookie.replace('=', "%3D"))]), u1);
            assert_eq!(user(&["a=b", &format!("session={cookie}")]), u1);
        }
        assert_ne!(session(&ENGINES[0]), session(&ENGINES[1]));
    }

    #[test]
    fn what_is_no_session_is_nobody() {
        let other = session(&ENGINES[0]);
        for cookie in ["", "session", "session=", "session=%%%", "session=e30=", &format!("sessions={other}")]
        {
            assert_eq!(user(&[cookie]), None, "{cookie}");
        }
        assert_eq!(user(&[]), None);
    }
}
