//! `?next=`: where a visitor goes on after signing in. Only ever a page of this shop.

use form_urlencoded::byte_serialize;

/// Longer ones lead nowhere: a link has to fit into a header.
const LONGEST: usize = 2_000;

/// A path of this shop, perhaps with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WayBack(String);

impl WayBack {
    /// The text as a path of this shop; `/` for any other.
    ///
    /// A browser drops tabs and line feeds, reads a backslash as a slash, and takes two slashes for the beginning of a host.
    pub(crate) fn read(text: Option<&str>) -> Self {
        Self(text.filter(|text| is_own_path(text)).unwrap_or("/").to_owned())
    }

    /// The path.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to go back to.
    pub(crate) fn is_home(&self) -> bool {
        self.0 == "/"
    }

    /// An address of this shop that keeps the way back.
    pub(crate) fn on(&self, path: &str) -> String {
        if self.is_home() { path.to_owned() } else { with(path, "next", &self.0) }
    }
}

/// A path with one more parameter.
pub(crate) fn with(path: &str, name: &str, value: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    let encoded: String = byte_serialize(value.as_bytes()).collect();
    format!("{path}{separator}{name}={encoded}")
}

fn is_own_path(text: &str) -> bool {
    // Only what needs no thought: what a browser would encode is encoded already in a path of ours.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_page = !["/static/", "/live/", "/api/"].iter().any(|prefix| text.starts_with(prefix));
    // After signing in, signing in or out again is nowhere to go.
    let is_elsewhere = !text.starts_with("/auth/");
    text.len() <= LONGEST
        && text.starts_with('/')
        && !text.starts_with("//")
        && is_plain
        && is_page
        && is_elsewhere
}

#[cfg(test)]
mod tests {
    use axum::http::Uri;

    use super::*;

    fn read(text: &str) -> String {
        WayBack::read(Some(text)).as_str().to_owned()
    }

    #[test]
    fn a_page_of_the_shop_is_gone_back_to() {
        for path in ["/", "/orders", "/tickets/65b0a3f0c1d2e3f405162738?x=1#y", "/?search=a%20b"] {
            assert_eq!(read(path), path);
        }
        assert_eq!(WayBack::read(None).as_str(), "/");
        assert_eq!(WayBack::read(Some("/orders")).on("/auth/signin"), "/auth/signin?next=%2Forders");
        assert_eq!(WayBack::read(None).on("/auth/signin"), "/auth/signin");
    }

    #[test]
    fn nothing_else_is() {
        for text in [
            "",
            "orders",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "///x",
            "https://evil.example",
            "javascript:alert(1)",
            "/ x",
            "/\u{e9}",
            "/auth/signout",
            "/api/users/signout",
            " /orders",
            "/a\r\nSet-Cookie: a=b",
        ] {
            assert_eq!(read(text), "/", "{text}");
        }
        assert_eq!(read(&format!("/{}", "a".repeat(3_000))), "/");
    }

    proptest::proptest! {
        // Resolves the answer as a browser does: without white space at its ends, tabs or line feeds anywhere, and with
        // backslashes as slashes.
        #[test]
        fn no_text_leads_to_another_host(text in "[/\\\\\t\n\r :.@a-z?#%éa-z]{0,12}") {
            let way = read(&text);
            let seen: String = way.trim().replace(['\t', '\n', '\r'], "").replace('\\', "/");
            proptest::prop_assert!(seen.starts_with('/') && !seen.starts_with("//"), "{:?}", seen);
            let uri: Uri = way.parse().unwrap();
            proptest::prop_assert!(uri.authority().is_none());
        }
    }
}
