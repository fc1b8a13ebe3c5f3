//! JSON Web Tokens as `auth` signs them: HS256 and nothing else.
//!
//! Source: RFC 7519 (claims), RFC 7515 (compact form), RFC 7518 §3.2 (HS256).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::Sha256;

/// The header's only part that matters.
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
}

/// The claims of every token.
#[derive(Debug, Deserialize)]
struct Claims<T> {
    /// Seconds since the Unix epoch from which on the token is void. Fractions are allowed.
    exp: Option<f64>,
    #[serde(flatten)]
    own: T,
}

/// The claims of a token that `key` signed and that is not void at `now` (seconds since the Unix epoch).
///
/// `None` says nothing about why: whoever forges a token learns nothing.
pub(super) fn verify<T: DeserializeOwned>(token: &str, key: &[u8], now: i64) -> Option<T> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    // Ours to choose and never the token's: `none` and the asymmetric ones are forgeries.
    if decode::<Header>(header)?.alg != "HS256" {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(signed.as_bytes());
    // In constant time.
    mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    let claims: Claims<T> = decode(claims)?;
    let void = claims.exp.is_some_and(|exp| now as f64 >= exp);
    (!void).then_some(claims.own)
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the form of the `jsonwebtoken` package of Node.js: `{"id":"u-1","email":"a@b.c","iat":1700000000}`, key `asdf`.
    const OF_NODE: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6InUtMSIsImVtYWlsIjoiYUBiLmMiLCJpYXQiOjE3MDAwMDAwMDB9.3c6fJ7PmErhc9ZC00VhPFh01pDznycDyYhxnTzv_ZIU";

    #[derive(Debug, Deserialize, PartialEq)]
    struct User {
        id: String,
    }

    fn token(header: &str, claims: &str, key: &[u8]) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    const HS256: &str = r#"{"alg":"HS256"}"#;

    #[test]
    fn a_token_that_node_signed_is_read() {
        assert_eq!(verify(OF_NODE, b"asdf", 1_700_000_001), Some(User { id: "u-1".to_owned() }));
    }

    #[test]
    fn a_token_of_another_key_or_with_other_claims_is_refused() {
        assert_eq!(verify::<User>(OF_NODE, b"asdg", 0), None);
        let (signed, signature) = OF_NODE.rsplit_once('.').unwrap();
        let forged = URL_SAFE_NO_PAD.encode(r#"{"id":"u-2"}"#);
        let (header, _) = signed.split_once('.').unwrap();
        assert_eq!(verify::<User>(&format!("{header}.{forged}.{signature}"), b"asdf", 0), None);
        assert_eq!(verify::<User>(&format!("{signed}."), b"asdf", 0), None);
        assert_eq!(verify::<User>(&OF_NODE[..OF_NODE.len() - 2], b"asdf", 0), None);
    }

    #[test]
    fn a_token_may_not_choose_its_algorithm() {
        for alg in ["none", "None", "HS512", "RS256", ""] {
            let header = format!(r#"{{"alg":"{alg}"}}"#);
            assert_eq!(
                verify::<User>(&token(&header, r#"{"id":"u-1"}"#, b"asdf"), b"asdf", 0),
                None,
                "{alg}"
            );
        }
        let unsigned =
            format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode("{}"));
        assert_eq!(verify::<User>(&unsigned, b"asdf", 0), None);
    }

    #[test]
    fn a_token_is_void_from_its_expiry_on() {
        let expiring = token(HS256, r#"{"id":"u-1","exp":1000}"#, b"asdf");
        assert!(verify::<User>(&expiring, b"asdf", 999).is_some());
        assert_eq!(verify::<User>(&expiring, b"asdf", 1000), None);
        let nonsense = token(HS256, r#"{"id":"u-1","exp":"never"}"#, b"asdf");
        assert_eq!(verify::<User>(&nonsense, b"asdf", 0), None);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["", ".", "..", "a.b.c", "a.b", "é.é.é", OF_NODE.trim_start_matches("ey")] {
            assert_eq!(verify::<User>(text, b"asdf", 0), None, "{text}");
        }
    }
}
