//! Addresses that settings give.

use std::sync::Arc;

use axum::http::{HeaderValue, Uri};

/// An address of `http` or `https`, without a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Arc<str>);

impl BaseUrl {
    /// Reads an address; a slash at its end is not a part of it.
    ///
    /// # Errors
    /// A text that names the value and what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no address; expected one such as https://ticketing.dev");
        let base = text.trim_end_matches('/');
        let uri: Uri = base.parse().map_err(|_| wrong())?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        // It is put into headers, where a semicolon or a comma would end it.
        let is_plain = HeaderValue::from_str(base).is_ok() && !base.contains(['@', ';', ',', '\'']);
        if !is_http || uri.host().is_none_or(str::is_empty) || uri.query().is_some() || !is_plain {
            return Err(wrong());
        }
        Ok(Self(base.into()))
    }

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port alone.
    pub fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |at| at + 3);
        let end = self.0[host..].find('/').map_or(self.0.len(), |at| host + at);
        &self.0[..end]
    }

    /// Whether this address of a page is at the same scheme, host and port.
    pub fn is_origin_of(&self, url: &str) -> bool {
        let rest = url.strip_prefix(self.origin());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    }

    /// Whether it is spoken to by TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_of_a_web_site_is_refused() {
        for text in [
            "",
            "ticketing.dev",
            "ftp://a",
            "https://",
            "https://a?b=c",
            "https://u:p@a",
            "/a",
            "https://a b",
            "https://a; script-src *",
        ] {
            assert!(BaseUrl::parse(text).is_err(), "{text}");
        }
        for (text, base) in
            [("http://127.0.0.1:8080", "http://127.0.0.1:8080"), ("https://a/shop/", "https://a/shop")]
        {
            assert_eq!(BaseUrl::parse(text).unwrap().as_str(), base);
        }
    }

    #[test]
    fn an_origin_is_compared_whole() {
        let stripe = BaseUrl::parse("https://checkout.stripe.com/c").unwrap();
        assert_eq!(stripe.origin(), "https://checkout.stripe.com");
        assert!(stripe.is_origin_of("https://checkout.stripe.com/c/pay/cs_1#fid"));
        for url in
            ["https://checkout.stripe.com.evil.example/", "http://checkout.stripe.com/", "javascript:1"]
        {
            assert!(!stripe.is_origin_of(url), "{url}");
        }
    }
}
