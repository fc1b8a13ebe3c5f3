//! The session of a page, in a cookie: whose it is and until when, signed with the token that it was begun with.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use common::clock;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::keys::{Key, Keys};

/// With this prefix no other host of the same site can set it.
const SECURE_COOKIE: &str = "__Host-console";
const PLAIN_COOKIE: &str = "console";
/// A shift and a half.
const LIFETIME: Duration = Duration::from_secs(12 * 3_600);

#[derive(Debug)]
pub(super) struct Sessions {
    secure: bool,
}

impl Sessions {
    pub(super) fn new(secure: bool) -> Self {
        Self { secure }
    }

    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    /// The cookie that begins a session of this token's owner.
    pub(super) fn begin(&self, key: &Key) -> HeaderValue {
        let ends_s = clock::now().timestamp() + LIFETIME.as_secs() as i64;
        let claim = format!("{ends_s}:{}", key.name());
        let signature = URL_SAFE_NO_PAD.encode(mac(key, &claim));
        self.cookie(&format!("{claim}:{signature}"), LIFETIME)
    }

    /// The cookie that ends it.
    pub(super) fn end(&self) -> HeaderValue {
        self.cookie("", Duration::ZERO)
    }

    /// Whose session it is; nobody's if there is none, `Some(None)` if it is over.
    pub(super) fn read<'k>(&self, headers: &HeaderMap, keys: &'k Keys) -> Option<Option<&'k Key>> {
        let value = cookie(headers, self.name())?;
        Some(check(value, keys, clock::now().timestamp()))
    }

    const fn name(&self) -> &'static str {
        if self.secure { SECURE_COOKIE } else { PLAIN_COOKIE }
    }

    fn cookie(&self, value: &str, lifetime: Duration) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let (name, age) = (self.name(), lifetime.as_secs());
        let text = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
        // Names of tokens are letters, digits and . _ @ -, so it always is a header's value.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }
}

fn check<'k>(value: &str, keys: &'k Keys, now_s: i64) -> Option<&'k Key> {
    let (claim, signature) = value.rsplit_once(':')?;
    let (ends_s, name) = claim.split_once(':')?;
    let key = keys.named(name)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    signed(key, claim)?.verify_slice(&signature).ok()?;
    (ends_s.parse::<i64>().ok()? > now_s).then_some(key)
}

/// HMAC takes a key of any length, so there always is one.
fn signed(key: &Key, claim: &str) -> Option<Hmac<Sha256>> {
    let mac = Hmac::<Sha256>::new_from_slice(key.secret()).ok()?;
    Some(mac.chain_update("console session ").chain_update(claim))
}

fn mac(key: &Key, claim: &str) -> Vec<u8> {
    signed(key, claim).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

/// A cookie's value. Cookies of other applications beside it may be of any bytes.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|&byte| byte == b';'));
    let mut texts = pairs.filter_map(|pair| std::str::from_utf8(pair).ok());
    texts.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('=')).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Token;

    fn keys(name: &str, secret: &str) -> Keys {
        Keys::new(Vec::new(), vec![Token { name: name.to_owned(), secret: secret.into() }])
    }

    fn value(cookie: &HeaderValue) -> String {
        let text = cookie.to_str().unwrap();
        text.split(';').next().unwrap().split_once('=').unwrap().1.to_owned()
    }

    #[test]
    fn a_session_ends_with_its_time_and_with_its_token() {
        let known = keys("ann", "first");
        let cookie = Sessions::new(true).begin(known.named("ann").unwrap());
        let (session, now) = (value(&cookie), clock::now().timestamp());
        assert_eq!(check(&session, &known, now).map(Key::name), Some("ann"));
        assert!(check(&session, &known, now + 12 * 3_600 + 1).is_none());
        assert!(check(&session, &keys("ann", "second"), now).is_none(), "another token");
        assert!(check(&session, &keys("ben", "first"), now).is_none(), "another name");
    }

    #[test]
    fn a_session_that_somebody_has_written_is_none() {
        let known = keys("ann", "first");
        let session = value(&Sessions::new(false).begin(known.named("ann").unwrap()));
        let (claim, signature) = session.rsplit_once(':').unwrap();
        let later = format!("9{claim}:{signature}");
        for forged in [later.as_str(), "", ":", "::", claim, "1:ann:", "9999999999:ann:AAAA"] {
            assert!(check(forged, &known, 0).is_none(), "{forged}");
        }
    }

    #[test]
    fn the_cookie_is_strict_and_no_script_reads_it() {
        let known = keys("ann", "first");
        let cookie = Sessions::new(true).begin(known.named("ann").unwrap());
        let text = cookie.to_str().unwrap();
        assert!(text.starts_with("__Host-console="), "{text}");
        for part in ["; Path=/", "; Max-Age=43200", "; HttpOnly", "; SameSite=Strict", "; Secure"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let plain = Sessions::new(false).end();
        assert!(plain.to_str().unwrap().starts_with("console=; Path=/; Max-Age=0;"));
    }
}
