//! What every answer tells a browser about what the page may do.

use std::sync::Arc;

use axum::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS,
    },
};

use crate::config::ShopSettings;

/// The headers of every answer. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Security(Arc<[(HeaderName, HeaderValue)]>);

impl Security {
    /// Everything is forbidden but what the pages use: own files, own forms, and the provider's page behind a form, since a browser
    /// holds a form to the policy on its redirects too.
    pub(crate) fn new(settings: &ShopSettings) -> Self {
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
            settings.payment_page.origin()
        );
        let fixed = [
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
            (REFERRER_POLICY, "same-origin"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
            (
                HeaderName::from_static("permissions-policy"),
                "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            ),
        ];
        let mut headers: Vec<_> =
            fixed.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
        // An origin has been read as a header's value by the settings.
        headers.extend(HeaderValue::try_from(policy).map(|policy| (CONTENT_SECURITY_POLICY, policy)));
        if settings.cookie_secure && settings.public_url.is_https() {
            headers.push((STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")));
        }
        Self(headers.into())
    }

    /// Puts them on an answer.
    pub(crate) fn put_on(&self, headers: &mut HeaderMap) {
        headers.extend(self.0.iter().cloned());
    }
}
