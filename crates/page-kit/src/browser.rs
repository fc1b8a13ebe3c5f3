//! What a browser says of a request.

use axum::http::{HeaderMap, header::COOKIE};

/// A cookie's value. Cookies of other applications beside it may be of any bytes.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|&byte| byte == b';'));
    let mut texts = pairs.filter_map(|pair| std::str::from_utf8(pair).ok());
    texts.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('=')).filter(|value| !value.is_empty())
}

/// What every current browser says and no page can; older ones and what is no browser say nothing.
pub fn is_cross_site(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_the_browser_calls_our_own_page_is_no_other_site() {
        for (site, is) in [("same-origin", false), ("none", false), ("same-site", true), ("cross-site", true)]
        {
            let headers: HeaderMap =
                [("sec-fetch-site".parse().unwrap(), HeaderValue::from_static(site))].into_iter().collect();
            assert_eq!(is_cross_site(&headers), is, "{site}");
        }
        assert!(!is_cross_site(&HeaderMap::new()));
    }

    #[test]
    fn a_cookie_is_found_among_others_of_any_bytes() {
        let line = HeaderValue::from_bytes(b"a=\xff; sessions=1; session=abc; session=2").unwrap();
        let headers: HeaderMap = [(COOKIE, line)].into_iter().collect();
        assert_eq!(cookie(&headers, "session"), Some("abc"));
        assert_eq!(cookie(&headers, "a"), None);
    }
}
