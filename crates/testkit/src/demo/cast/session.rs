//! The session cookie, as the service `auth` writes it: base64 of `{"jwt": "<HS256 token with {id, email}>"}`.
//!
//! Source: RFC 7519 (claims), RFC 7515 (compact form), RFC 7518 §3.2 (HS256).

use anyhow::{Context, Result};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use common::event::Id;
use hmac::{Hmac, Mac as _};
use serde_json::json;
use sha2::Sha256;

/// The whole `Cookie` header of a user who is signed in.
pub(super) fn cookie(user: &Id, email: &str, key: &str) -> Result<String> {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = URL_SAFE_NO_PAD.encode(json!({ "id": user, "email": email }).to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).context("sign a session")?;
    mac.update(format!("{header}.{claims}").as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    let session = json!({ "jwt": format!("{header}.{claims}.{signature}") });
    Ok(format!("session={}", STANDARD.encode(session.to_string())))
}
