//! The cookie `session`: base64 of `{"jwt": "<token>"}`, as the package cookie-session of Node.js writes it.
//!
//! Ours, because libraries read the header as text, and cookies of other applications in it may be of any bytes.

use std::str::FromStr;

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};
use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use percent_encoding::percent_decode;
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

/// A name of the cookie. Both are read, whichever is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CookieName {
    /// `session`, as cookie-session 2.x has it.
    #[default]
    Session,
    /// `express:sess`, as cookie-session 1.x has it and so older services read it.
    ExpressSess,
}

/// The text is no name of the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected session or express:sess")]
pub struct UnknownCookieName;

impl CookieName {
    const ALL: [Self; 2] = [Self::Session, Self::ExpressSess];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::ExpressSess => "express:sess",
        }
    }
}

impl FromStr for CookieName {
    type Err = UnknownCookieName;

    fn from_str(text: &str) -> Result<Self, UnknownCookieName> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or(UnknownCookieName)
    }
}

/// The tokens in the cookies of a request. Another application on the domain may have cookies of the same names, of any
/// bytes and in any place, so the caller tries them all.
pub(super) fn tokens(headers: &HeaderMap) -> impl Iterator<Item = String> {
    // As bytes: one cookie of other letters makes no text of the whole header.
    let cookies = headers.get_all(COOKIE).into_iter().map(HeaderValue::as_bytes);
    let pairs = cookies.flat_map(|cookies| cookies.split(|byte| *byte == b';'));
    pairs.filter_map(value).filter_map(token)
}

/// The value of a cookie with one of our names.
fn value(pair: &[u8]) -> Option<&[u8]> {
    let pair = pair.trim_ascii();
    let end = pair.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (&pair[..end], pair[end + 1..].trim_ascii());
    let ours = CookieName::ALL.iter().any(|known| known.as_str().as_bytes() == name.trim_ascii());
    let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    ours.then_some(unquoted.unwrap_or(value))
}

fn token(value: &[u8]) -> Option<String> {
    // Some clients escape what base64 has beyond letters and digits.
    let value: Vec<u8> = percent_decode(value).collect();
    let json = ENGINES.iter().find_map(|engine| engine.decode(&value).ok())?;
    serde_json::from_slice(&json).ok().map(|Session { jwt }| jwt)
}

/// The `Set-Cookie` that carries this token until the browser ends. No script reads it, and a page of another site
/// sends it only with a plain link. `secure`: only over HTTPS.
pub(super) fn set(name: CookieName, token: String, secure: bool) -> String {
    // A text in an object is always JSON.
    let session = serde_json::to_vec(&Session { jwt: token }).unwrap_or_default();
    format!("{}={}; {}", name.as_str(), ENGINES[0].encode(session), attributes(secure))
}

/// The `Set-Cookie`s that take the session away, whichever name it has.
pub(super) fn clear(secure: bool) -> [String; 2] {
    CookieName::ALL.map(|name| format!("{}=; Max-Age=0; {}", name.as_str(), attributes(secure)))
}

fn attributes(secure: bool) -> &'static str {
    if secure { "Path=/; HttpOnly; SameSite=Lax; Secure" } else { "Path=/; HttpOnly; SameSite=Lax" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cookies: &[&str]) -> Option<String> {
        tokens(&cookies.iter().map(|cookie| (COOKIE, cookie.parse().unwrap())).collect()).next()
    }

    fn session(engine: &GeneralPurpose) -> String {
        // The question marks make the two alphabets differ.
        engine.encode(r#"{"jwt":"a.b.c","x":"???>>>"}"#)
    }

    #[test]
    fn cookies_of_others_do_not_hide_ours_whatever_their_bytes_order_and_number() {
        let ours = session(&ENGINES[0]);
        let theirs = [
            "session=theirs",
            "session=",
            "session",
            "a=\u{e9}",
            "b=\"; session=\"",
            "session=%ff",
            "=",
            ";;",
        ];
        for theirs in theirs {
            for cookies in [format!("{theirs}; session={ours}"), format!("session={ours}; {theirs}")] {
                let header = HeaderValue::from_bytes(cookies.as_bytes()).unwrap();
                let headers = [(COOKIE, header)].into_iter().collect();
                assert!(tokens(&headers).any(|token| token == "a.b.c"), "{cookies}");
            }
        }
        let many = "session=x; ".repeat(500) + &format!("session={ours}");
        assert_eq!(read(&[&many]).as_deref(), Some("a.b.c"));
        let raw = [b"x=\xff\xfe; session=".as_slice(), ours.as_bytes()].concat();
        let headers = [(COOKIE, HeaderValue::from_bytes(&raw).unwrap())].into_iter().collect();
        assert_eq!(tokens(&headers).next().as_deref(), Some("a.b.c"));
    }

    #[test]
    fn the_name_of_older_services_is_read_too() {
        let ours = session(&ENGINES[0]);
        assert_eq!(read(&[&format!("express:sess={ours}")]).as_deref(), Some("a.b.c"));
        assert_eq!(read(&[&format!("express:sess.sig=x; express:sess={ours}")]).as_deref(), Some("a.b.c"));
    }

    #[test]
    fn a_session_is_read_in_either_alphabet_with_and_without_padding() {
        let token = Some("a.b.c".to_owned());
        for engine in &ENGINES {
            let cookie = session(engine);
            assert_eq!(read(&[&format!("session={cookie}")]), token);
            assert_eq!(read(&[&format!("session={}", cookie.trim_end_matches('='))]), token);
            assert_eq!(read(&[&format!("a=b; session={}; c=d", cookie.replace('=', "%3D"))]), token);
            assert_eq!(read(&[&format!("a=b; session={}; c=d", cookie.replace('=', "%3d"))]), token);
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
        for (name, secure) in [(CookieName::Session, true), (CookieName::ExpressSess, false)] {
            let cookie = set(name, "a.b.c".to_owned(), secure);
            let (pair, attributes) = cookie.split_once("; ").unwrap();
            assert!(pair.starts_with(&format!("{}=", name.as_str())), "{pair}");
            assert_eq!(read(&[pair]).as_deref(), Some("a.b.c"));
            let expected = if secure {
                "Path=/; HttpOnly; SameSite=Lax; Secure"
            } else {
                "Path=/; HttpOnly; SameSite=Lax"
            };
            assert_eq!(attributes, expected);
            let cleared = ["session", "express:sess"].map(|name| format!("{name}=; Max-Age=0; {expected}"));
            assert_eq!(clear(secure), cleared);
        }
    }
}
