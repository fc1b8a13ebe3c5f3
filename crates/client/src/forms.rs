//! Forms: what was typed, and the proof that one of our own pages sent it.
//!
//! A browser holds a random id in a cookie of its own, and each form carries a token: a salt, and the HMAC of salt and id.
//! Another site can neither read the id nor make a token. With a new salt in each page, the token's bytes tell nobody who
//! only sees the size of compressed pages.

use std::{convert::Infallible, fmt, sync::Arc};

use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
    http::{HeaderValue, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use maud::{Markup, html};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::visit::Visit;

/// The field of every form that carries the token.
const FIELD: &str = "token";
/// With this prefix no other host of the same site can set it.
const SECURE_COOKIE: &str = "__Host-form";
const COOKIE: &str = "form";
/// Some weeks: a page that stays open overnight can still be sent.
const LIFETIME_S: u32 = 30 * 24 * 3_600;
/// The APIs take no longer ones.
const LONGEST_BODY: usize = 16 * 1024;

const ID: usize = 16;
const SALT: usize = 12;
const MAC: usize = 32;

/// Signs forms and checks what is posted. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Forms {
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
pub(crate) struct FormId {
    id: [u8; ID],
    /// Not in the browser's cookie yet.
    is_new: bool,
}

/// Why a form is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// Another site has sent it.
    CrossSite,
    /// It is too long, or no form: the status that says so.
    Unreadable(StatusCode),
    /// It has no good token: the cookie is gone, or the form is very old.
    Stale,
}

impl Forms {
    pub(crate) fn new(key: SecretString, secure: bool) -> Self {
        Self { key: Arc::new(key), secure }
    }

    /// The id in the visitor's cookie, or a new one.
    pub(crate) fn id(&self, visit: &Visit) -> FormId {
        let known = visit.cookie(self.cookie_name()).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        match known.and_then(|bytes| bytes.try_into().ok()) {
            Some(id) => FormId { id, is_new: false },
            None => FormId { id: rand::random(), is_new: true },
        }
    }

    /// The cookie to set, if the browser does not have it.
    pub(crate) fn cookie(&self, form: &FormId) -> Option<HeaderValue> {
        let id = form.is_new.then(|| URL_SAFE_NO_PAD.encode(form.id))?;
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.cookie_name();
        let cookie = format!("{name}={id}; Path=/; Max-Age={LIFETIME_S}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(cookie).ok()
    }

    /// The hidden field of a form.
    pub(crate) fn field(&self, form: &FormId) -> Markup {
        let salt: [u8; SALT] = rand::random();
        let mut token = salt.to_vec();
        token.extend(self.mac(&salt, form).map(|mac| mac.finalize().into_bytes()).unwrap_or_default());
        html! { input type="hidden" name=(FIELD) value=(URL_SAFE_NO_PAD.encode(token)); }
    }

    /// Whether one of our own pages has sent this.
    pub(crate) fn check(&self, visit: &Visit, posted: &Posted) -> Result<(), Distrust> {
        if visit.is_cross_site {
            return Err(Distrust::CrossSite);
        }
        if let Some(status) = posted.unreadable {
            return Err(Distrust::Unreadable(status));
        }
        let token = URL_SAFE_NO_PAD.decode(posted.text(FIELD)).unwrap_or_default();
        let form = self.id(visit);
        let is_good = token.len() == SALT + MAC && !form.is_new && {
            let (salt, signature) = token.split_at(SALT);
            self.mac(salt, &form).is_some_and(|mac| mac.verify_slice(signature).is_ok())
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

/// What a form sent. Fields that are not there are empty, and so are all of one that can't be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Posted {
    fields: Vec<(String, String)>,
    unreadable: Option<StatusCode>,
}

impl Posted {
    /// What was typed into a field.
    ///
    /// Only what [`Forms::check`] has taken may have an effect.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        Ok(match fields(request).await {
            Ok(fields) => Self { fields, unreadable: None },
            Err(status) => Self { fields: Vec::new(), unreadable: Some(status) },
        })
    }
}

async fn fields(request: Request) -> Result<Vec<(String, String)>, StatusCode> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let body = to_bytes(request.into_body(), LONGEST_BODY).await;
    let body = body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    Ok(form_urlencoded::parse(&body).into_owned().collect())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn forms(key: &str) -> Forms {
        Forms::new(key.into(), true)
    }

    fn with(token: &str) -> Posted {
        Posted { fields: vec![(FIELD.to_owned(), token.to_owned())], unreadable: None }
    }

    async fn visit(cookie: &str, site: Option<&str>) -> Visit {
        use axum::extract::FromRequestParts as _;
        let mut request = Request::post("/").header("cookie", cookie);
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        let Ok(visit) = Visit::from_request_parts(&mut request.body(()).unwrap().into_parts().0, &()).await;
        visit
    }

    /// The cookie and the token that a page of `forms` gives to a browser without one.
    async fn given(forms: &Forms) -> (String, Posted) {
        let form = forms.id(&visit("a=b", None).await);
        let cookie = forms.cookie(&form).unwrap();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        let field = forms.field(&form).into_string();
        let token = field.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
        (pair, with(token))
    }

    #[tokio::test]
    async fn a_form_of_ours_is_taken_and_one_of_another_browser_or_site_is_not() {
        let forms = forms("k");
        let (cookie, posted) = given(&forms).await;
        let (other_cookie, other) = given(&forms).await;
        for site in [None, Some("same-origin"), Some("none")] {
            assert_eq!(forms.check(&visit(&cookie, site).await, &posted), Ok(()));
        }
        assert_eq!(forms.check(&visit(&cookie, Some("cross-site")).await, &posted), Err(Distrust::CrossSite));
        for (cookie, posted) in [
            (&other_cookie, &posted),
            (&cookie, &other),
            (&cookie, &Posted::default()),
            (&"a=b".to_owned(), &posted),
            (&cookie, &with("AAAA")),
        ] {
            assert_eq!(forms.check(&visit(cookie, None).await, posted), Err(Distrust::Stale));
        }
        let foreign = Forms::new("another".into(), true);
        assert_eq!(foreign.check(&visit(&cookie, None).await, &posted), Err(Distrust::Stale));
    }

    #[tokio::test]
    async fn two_tokens_of_one_browser_have_nothing_in_common_and_both_are_good() {
        let forms = forms("k");
        let (cookie, _) = given(&forms).await;
        let form = forms.id(&visit(&cookie, None).await);
        assert!(!form.is_new && forms.cookie(&form).is_none());
        assert_ne!(forms.field(&form).into_string(), forms.field(&form).into_string());
    }

    #[tokio::test]
    async fn the_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts() {
        let form = forms("k").id(&visit("a=b", None).await);
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
