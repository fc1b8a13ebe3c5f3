//! What every answer tells a browser about what the page may do.

use std::sync::Arc;

use axum::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS,
    },
};

const OWN: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                   frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// The headers of every answer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Security(Arc<[(HeaderName, HeaderValue)]>);

impl Security {
    /// Everything is forbidden but what the pages use: own files, own forms, and those of `form_origins`, since a browser
    /// holds a form to the policy on its redirects too; they are left out if one of them can't stand in a header. With
    /// `https_only`, browsers come by HTTPS from now on.
    pub fn new(form_origins: &[&str], https_only: bool) -> Self {
        let origins: String = form_origins.iter().map(|origin| format!(" {origin}")).collect();
        let policy = HeaderValue::try_from(format!("{OWN}{origins}"));
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
        headers.push((CONTENT_SECURITY_POLICY, policy.unwrap_or(HeaderValue::from_static(OWN))));
        if https_only {
            headers.push((STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")));
        }
        Self(headers.into())
    }

    /// Puts them on an answer.
    pub fn put_on(&self, headers: &mut HeaderMap) {
        headers.extend(self.0.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(origins: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        Security::new(origins, false).put_on(&mut headers);
        headers[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
    }

    #[test]
    fn forms_lead_to_own_pages_and_the_named_ones_and_scripts_are_own_files() {
        assert!(policy(&[]).ends_with("form-action 'self'"));
        assert!(policy(&["https://pay.example"]).ends_with("form-action 'self' https://pay.example"));
        assert!(policy(&["https://pay.example\n"]).ends_with("form-action 'self'"));
        assert!(policy(&[]).contains("script-src 'self';") && !policy(&[]).contains("unsafe"));
    }
}
