//! The cookie `session`: base64 of `{"jwt": "<token>"}`, as the package cookie-session of Node.js writes it.
//!
//! Ours while there is one cookie: a library would replace some twelve lines.

use axum::http::{HeaderMap, header::COOKIE};
use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Session {
    jwt: String,
}

/// With or without padding: clients and proxies differ.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ENGINES: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&STANDARD, LENIENT), GeneralPurpose::new(&URL_SAFE, LENIENT)];

/// The token in the cookie of a request.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    let cookie = value(headers)?;
    let json = ENGINES.iter().find_map(|engine| engine.decode(&cookie).ok())?;
    serde_json::from_slice(&json).ok().map(|Session { jwt }| jwt)
}

fn value(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == "session")?;
    // Some clients escape what base64 has beyond letters and digits.
    Some(value.trim_matches('"').replace("%3D", "=").replace("%2B", "+").replace("%2F", "/"))
}

/// The `Set-Cookie` that carries this token until the browser ends. No script reads it, and a page of another site
/// sends it only with a plain link. `secure`: only over HTTPS.
pub(super) fn set(token: String, secure: bool) -> String {
    // A text in an object is always JSON.
    let session = serde_json::to_vec(&Session { jwt: token }).unwrap_or_default();
    format!("session={}; {}", ENGINES[0].encode(session), attributes(secure))
}

/// The `Set-Cookie` that takes the session away.
pub(super) fn clear(secure: bool) -> String {
    format!("session=; Max-Age=0; {}", attributes(secure))
}

fn attributes(secure: bool) -> &'static str {
    if secure { "Path=/; HttpOnly; SameSite=Lax; Secure" } else { "Path=/; HttpOnly; SameSite=Lax" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cookies: &[&str]) -> Option<String> {
        token(&cookies.iter().map(|cookie| (COOKIE, cookie.parse().unwrap())).collect())
    }

    fn session(engine: &GeneralPurpose) -> String {
        // The question marks make the two alphabets differ.
        engine.encode(r#"{"jwt":"a.b.c","x":"???>>>"}"#)
    }

    #[test]
    fn a_session_is_read_in_either_alphabet_with_and_without_padding() {
        let token = Some("a.b.c".to_owned());
        for engine in &ENGINES {
            let cookie = session(engine);
            assert_eq!(read(&[&format!("session={cookie}")]), token);
            assert_eq!(read(&[&format!("session={}", cookie.trim_end_matches('='))]), token);
            assert_eq!(read(&[&format!("a=b; session={}; c=d", cookie.replace('=', "%3D"))]), token);
            assert_eq!(read(&["a=b", &format!("session={cookie}")]), token);
        }
        assert_ne!(session(&ENGINES[0]), session(&ENGINES[1]));
    }

    #[test]
    fn what_is_no_session_holds_no_token() {
        let other = session(&ENGINES[0]);
        for cookie in ["", "session", "session=", "session=%%%", "session=e30=", &format!("sessions={other}")]
        {
            assert_eq!(read(&[cookie]), None, "{cookie}");
        }
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn what_is_set_is_read_back_and_out_of_the_reach_of_scripts() {
        for secure in [true, false] {
            let cookie = set("a.b.c".to_owned(), secure);
            let (pair, attributes) = cookie.split_once("; ").unwrap();
            assert_eq!(read(&[pair]).as_deref(), Some("a.b.c"));
            let expected = if secure {
                "Path=/; HttpOnly; SameSite=Lax; Secure"
            } else {
                "Path=/; HttpOnly; SameSite=Lax"
            };
            assert_eq!(attributes, expected);
            assert_eq!(clear(secure), format!("session=; Max-Age=0; {expected}"));
        }
    }
}
