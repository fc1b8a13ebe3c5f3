//! Sessions that a test makes up, good ones and forged ones: cookies with base64 of `{"jwt": "<token>"}`.
//!
//! Source: RFC 7519 (claims), RFC 7515 (compact form), RFC 7518 §3.2 (HS256).

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The header of a token as services in Node.js write it.
pub const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// The `Cookie` header of a user of this id, as `auth` would make it with `key`; it never expires.
pub fn of(user: &str, key: &str) -> String {
    let claims = format!(r#"{{"id":"{user}","email":"{user}@example.com","iat":1700000000}}"#);
    cookie(&token(HEADER, &claims, key))
}

/// The `Cookie` header that carries this token.
pub fn cookie(token: &str) -> String {
    format!("session={}", STANDARD.encode(format!(r#"{{"jwt":"{token}"}}"#)))
}

/// A token of this header and these claims, signed by HMAC-SHA-256 whatever the header says.
#[expect(clippy::expect_used, reason = "RFC 2104 takes a key of any length")]
pub fn token(header: &str, claims: &str, key: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length");
    let signature = mac.chain_update(&signed).finalize().into_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
