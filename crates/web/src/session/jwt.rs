//! JSON Web Tokens: HS256 and nothing else.
//!
//! Ours, because the libraries for it bring RSA and elliptic curves, or a C library, to sign with one HMAC.
//!
//! Source: RFC 7519 (claims), RFC 7515 (compact form), RFC 7518 §3.2 (HS256).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use sha2::Sha256;

/// The parts of the header that matter.
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    /// Names extensions that whoever does not know them must refuse; we know none (RFC 7515 §4.1.11).
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
}

/// The header of what we sign, as the `jsonwebtoken` package of Node.js writes it.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// The claims of every token.
#[derive(Debug, Deserialize)]
struct Claims<T> {
    /// Seconds since the Unix epoch from which on the token is void. Fractions are allowed.
    #[serde(default, deserialize_with = "present")]
    exp: Option<f64>,
    /// Seconds since the Unix epoch before which the token is void.
    #[serde(default, deserialize_with = "present")]
    nbf: Option<f64>,
    #[serde(flatten)]
    own: T,
}

/// A field that is there has a value: `null` is an error and not the same as nothing.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

/// The claims of a token that `key` signed and that is not void at `now` (seconds since the Unix epoch).
///
/// `None` says nothing about why: a forger learns nothing.
pub(super) fn verify<T: DeserializeOwned>(token: &str, key: &[u8], now: i64) -> Option<T> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    // Ours to choose and never the token's: `none` and the asymmetric ones are forgeries.
    let header: Header = decode(header)?;
    if header.alg != "HS256" || header.crit.is_some() {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    // In constant time.
    mac(key, signed).verify_slice(&signature).ok()?;
    let claims: Claims<T> = decode(claims)?;
    let void =
        claims.exp.is_some_and(|exp| now as f64 >= exp) || claims.nbf.is_some_and(|nbf| (now as f64) < nbf);
    (!void).then_some(claims.own)
}

/// A token with these claims, signed by `key`.
///
/// # Errors
/// When the claims are nothing that JSON can say.
pub(super) fn sign<T: Serialize>(claims: &T, key: &[u8]) -> serde_json::Result<String> {
    let claims = serde_json::to_vec(claims)?;
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(mac(key, &signed).finalize().into_bytes());
    Ok(format!("{signed}.{signature}"))
}

#[expect(clippy::expect_used, reason = "RFC 2104 takes a key of any length")]
fn mac(key: &[u8], signed: &str) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).expect("a key of any length").chain_update(signed)
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
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac(key, &signed).finalize().into_bytes()))
    }

    const HS256: &str = r#"{"alg":"HS256"}"#;

    #[test]
    fn a_token_that_node_signed_is_read() {
        assert_eq!(verify(OF_NODE, b"asdf", 1_700_000_001), Some(User { id: "u-1".to_owned() }));
    }

    #[test]
    fn what_we_sign_is_what_node_signs() {
        #[derive(Serialize)]
        struct OfNode {
            id: &'static str,
            email: &'static str,
            iat: u32,
        }
        let claims = OfNode { id: "u-1", email: "a@b.c", iat: 1_700_000_000 };
        assert_eq!(sign(&claims, b"asdf").unwrap(), OF_NODE);
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
        let null = token(HS256, r#"{"id":"u-1","exp":null}"#, b"asdf");
        assert_eq!(verify::<User>(&null, b"asdf", 0), None);
    }

    #[test]
    fn a_token_is_void_before_its_time() {
        let later = token(HS256, r#"{"id":"u-1","nbf":1000}"#, b"asdf");
        assert_eq!(verify::<User>(&later, b"asdf", 999), None);
        assert!(verify::<User>(&later, b"asdf", 1000).is_some());
        assert_eq!(verify::<User>(&token(HS256, r#"{"id":"u-1","nbf":null}"#, b"asdf"), b"asdf", 0), None);
    }

    #[test]
    fn a_token_that_asks_for_an_extension_is_refused() {
        for crit in [r#"["b64"]"#, "[]", "null"] {
            let header = format!(r#"{{"alg":"HS256","crit":{crit},"b64":false}}"#);
            assert_eq!(
                verify::<User>(&token(&header, r#"{"id":"u-1"}"#, b"asdf"), b"asdf", 0),
                None,
                "{crit}"
            );
        }
    }

    #[test]
    fn the_example_of_rfc_7515_is_read() {
        #[derive(Debug, Deserialize, PartialEq)]
        struct Claims {
            iss: String,
        }
        // Appendix A.1: the header holds a line feed, the key 64 bytes in base64url.
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let key = URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        assert_eq!(verify(token, &key, 1_300_819_379), Some(Claims { iss: "joe".to_owned() }));
        assert_eq!(verify::<Claims>(token, &key, 1_300_819_380), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_signed_is_read_by_its_key_alone_and_with_no_byte_changed(
            id in ".{0,40}", key in proptest::collection::vec(proptest::num::u8::ANY, 1..80),
            other in proptest::collection::vec(proptest::num::u8::ANY, 1..80), place in 0_usize..1_000,
        ) {
            #[derive(Serialize)]
            struct Claims<'a> {
                id: &'a str,
            }
            let token = sign(&Claims { id: &id }, &key).unwrap();
            assert_eq!(verify(&token, &key, 0), Some(User { id }));
            if mac(&key, "x").finalize().into_bytes() != mac(&other, "x").finalize().into_bytes() {
                assert_eq!(verify::<User>(&token, &other, 0), None);
            }
            let place = place % token.len();
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last letter of a part has bits that say nothing.
            let same_bytes = decoded(&changed) == decoded(&token);
            assert!(same_bytes || verify::<User>(&changed, &key, 0).is_none(), "{changed}");
        }
    }

    /// The bytes of the three parts, where they are base64url.
    fn decoded(token: &str) -> Vec<Option<Vec<u8>>> {
        token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).ok()).collect()
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["", ".", "..", "a.b.c", "a.b", "é.é.é", OF_NODE.trim_start_matches("ey")] {
            assert_eq!(verify::<User>(text, b"asdf", 0), None, "{text}");
        }
    }
}
