//! What has just been done, told by the page after it: a cookie carries it there, once.

use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use page_kit::cookie;

/// A browser keeps no longer cookie than some 4 KB.
const LONGEST: usize = 1_000;

const fn name(secure: bool) -> &'static str {
    if secure { "__Host-notice" } else { "notice" }
}

fn set(value: &str, seconds: u32, secure: bool) -> Option<HeaderValue> {
    let (name, secure) = (name(secure), if secure { "; Secure" } else { "" });
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(cookie).ok()
}

/// The cookie that carries a text to the next page.
pub(super) fn carry(text: &str, secure: bool) -> Option<HeaderValue> {
    let end = text.floor_char_boundary(LONGEST);
    set(&URL_SAFE_NO_PAD.encode(&text[..end]), 60, secure)
}

/// What the page before has left, and the cookie that takes it away.
pub(super) fn take(headers: &HeaderMap, secure: bool) -> Option<(String, Option<HeaderValue>)> {
    let carried = cookie(headers, name(secure))?;
    let text = URL_SAFE_NO_PAD.decode(carried).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.map(|text| (text, set("", 0, secure)))
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE;

    use super::*;

    #[test]
    fn a_text_is_carried_to_the_next_page_and_taken_away_there() {
        for secure in [false, true] {
            let set = carry("Moved “o-1”", secure).unwrap();
            let set = set.to_str().unwrap().to_owned();
            assert!(set.contains("HttpOnly; SameSite=Strict"), "{set}");
            let pair = HeaderValue::from_str(set.split(';').next().unwrap()).unwrap();
            let headers: HeaderMap = [(COOKIE, pair)].into_iter().collect();
            let (text, gone) = take(&headers, secure).unwrap();
            assert_eq!(text, "Moved “o-1”");
            assert!(gone.unwrap().to_str().unwrap().contains("Max-Age=0"));
            assert!(take(&headers, !secure).is_none());
        }
        assert!(carry(&"é".repeat(3_000), true).is_some());
    }
}
