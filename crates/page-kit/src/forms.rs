//! Forms: what was typed, and the proof that one of our own pages sent it.
//!
//! A browser holds a random id in a cookie of its own, and each form carries a token: a salt, and the HMAC of salt and id.
//! Another site can neither read the id nor make a token. With a new salt in each page, the token's bytes tell nobody who
//! only sees the size of compressed pages.

use std::{fmt, sync::Arc};

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use maud::{Markup, html};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::{Posted, cookie};

/// The field of every form that carries the token.
const FIELD: &str = "token";
/// With this prefix no other host of the same site can set it.
const SECURE_COOKIE: &str = "__Host-form";
const COOKIE: &str = "form";
/// Some weeks: a page that stays open overnight can still be sent.
const LIFETIME_S: u32 = 30 * 24 * 3_600;

const ID: usize = 16;
const SALT: usize = 12;
const MAC: usize = 32;

/// Signs forms and checks what is posted. Cheap to clone.
#[derive(Clone)]
pub struct Forms {
    key: Arc<SecretString>,
    secure: bool,
}

impl fmt::Debug for Forms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forms").finish_non_exhaustive()
    }
}

/// What a browser's forms are signed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormId {
    id: [u8; ID],
    /// Not in the browser's cookie yet.
    is_new: bool,
}

/// Why a form is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// Another site has sent it.
    CrossSite,
    /// It is too long, or no form: the status that says so.
    Unreadable(StatusCode),
    /// It has no good token: the cookie is gone, or the form is very old.
    Stale,
}

impl Forms {
    /// Forms signed with this key. With `secure`, their cookie travels over HTTPS only.
    pub fn new(key: SecretString, secure: bool) -> Self {
        Self { key: Arc::new(key), secure }
    }

    /// The id in the browser's cookie, or a new one.
    pub fn id(&self, headers: &HeaderMap) -> FormId {
        let known = cookie(headers, self.cookie_name()).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        match known.and_then(|bytes| bytes.try_into().ok()) {
            Some(id) => FormId { id, is_new: false },
            None => FormId { id: rand::random(), is_new: true },
        }
    }

    /// The cookie to set, if the browser does not have it.
    pub fn cookie(&self, form: &FormId) -> Option<HeaderValue> {
        let id = form.is_new.then(|| URL_SAFE_NO_PAD.encode(form.id))?;
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.cookie_name();
        let cookie = format!("{name}={id}; Path=/; Max-Age={LIFETIME_S}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(cookie).ok()
    }

    /// The hidden field of a form.
    pub fn field(&self, form: &FormId) -> Markup {
        let salt: [u8; SALT] = rand::random();
        let mut token = salt.to_vec();
        token.extend(self.mac(&salt, form).map(|mac| mac.finalize().into_bytes()).unwrap_or_default());
        html! { input type="hidden" name=(FIELD) value=(URL_SAFE_NO_PAD.encode(token)); }
    }

    /// Whether one of our own pages has sent this, to the browser of this id.
    ///
    /// # Errors
    /// Why it is not to be trusted.
    pub fn check<const LONGEST: usize>(
        &self,
        form: &FormId,
        is_cross_site: bool,
        posted: &Posted<LONGEST>,
    ) -> Result<(), Distrust> {
        if is_cross_site {
            return Err(Distrust::CrossSite);
        }
        if let Some(status) = posted.unreadable() {
            return Err(Distrust::Unreadable(status));
        }
        let token = URL_SAFE_NO_PAD.decode(posted.text(FIELD)).unwrap_or_default();
        let is_good = token.len() == SALT + MAC && !form.is_new && {
            let (salt, signature) = token.split_at(SALT);
            self.mac(salt, form).is_some_and(|mac| mac.verify_slice(signature).is_ok())
        };
        is_good.then_some(()).ok_or(Distrust::Stale)
    }

    /// HMAC takes a key of any length, so there always is one.
    fn mac(&self, salt: &[u8], form: &FormId) -> Option<Hmac<Sha256>> {
        let mac = Hmac::<Sha256>::new_from_slice(self.key.expose_secret().as_bytes()).ok()?;
        Some(mac.chain_update(salt).chain_update(form.id))
    }

    const fn cookie_name(&self) -> &'static str {
        if self.secure { SECURE_COOKIE } else { COOKIE }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE;

    use super::*;

    fn forms(key: &str) -> Forms {
        Forms::new(key.into(), true)
    }

    fn with(token: &str) -> Posted {
        Posted::of(FIELD, token)
    }

    fn browser(cookie: &str) -> HeaderMap {
        [(COOKIE, HeaderValue::from_str(cookie).unwrap())].into_iter().collect()
    }

    /// The cookie and the token that a page of `forms` gives to a browser without one.
    fn given(forms: &Forms) -> (String, Posted) {
        let form = forms.id(&browser("a=b"));
        let cookie = forms.cookie(&form).unwrap();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        let field = forms.field(&form).into_string();
        let token = field.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
        (pair, with(token))
    }

    #[test]
    fn a_form_of_ours_is_taken_and_one_of_another_browser_or_site_is_not() {
        let forms = forms("k");
        let (cookie, posted) = given(&forms);
        let (other_cookie, other) = given(&forms);
        let check = |cookie: &str, posted: &Posted| forms.check(&forms.id(&browser(cookie)), false, posted);
        assert_eq!(check(&cookie, &posted), Ok(()));
        assert_eq!(forms.check(&forms.id(&browser(&cookie)), true, &posted), Err(Distrust::CrossSite));
        for (cookie, posted) in [
            (&other_cookie, &posted),
            (&cookie, &other),
            (&cookie, &Posted::default()),
            (&"a=b".to_owned(), &posted),
            (&cookie, &with("AAAA")),
        ] {
            assert_eq!(check(cookie, posted), Err(Distrust::Stale));
        }
        let foreign = Forms::new("another".into(), true);
        assert_eq!(foreign.check(&foreign.id(&browser(&cookie)), false, &posted), Err(Distrust::Stale));
    }

    #[test]
    fn two_tokens_of_one_browser_have_nothing_in_common_and_both_are_good() {
        let forms = forms("k");
        let (cookie, _) = given(&forms);
        let form = forms.id(&browser(&cookie));
        assert!(!form.is_new && forms.cookie(&form).is_none());
        assert_ne!(forms.field(&form).into_string(), forms.field(&form).into_string());
    }

    #[test]
    fn the_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts() {
        let form = forms("k").id(&browser("a=b"));
        let cookie = forms("k").cookie(&form).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(
            cookie.starts_with("__Host-form=") && cookie.ends_with("; HttpOnly; SameSite=Lax; Secure"),
            "{cookie}"
        );
        let plain = Forms::new("k".into(), false).cookie(&form).unwrap();
        assert!(plain.to_str().unwrap().starts_with("form=") && !plain.to_str().unwrap().contains("Secure"));
    }
}
