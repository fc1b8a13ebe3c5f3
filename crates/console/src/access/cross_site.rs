//! Whether a page of another site sends a request in its visitor's name.
//!
//! Source: the algorithm of Go's `net/http.CrossOriginProtection`, as the other services have it.

use axum::http::{
    HeaderMap,
    header::{HOST, ORIGIN},
};

use super::text;

/// Whether a page of another site sends it, as far as the browser says. What is no browser says nothing.
pub fn is_cross_site(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site").map(|site| site.to_str().unwrap_or("?")) {
        Some("same-origin" | "none") => return false,
        Some(_) => return true,
        None => {}
    }
    let Some(origin) = headers.get(ORIGIN) else { return false };
    // `null`, as sandboxed pages send it, is no host.
    let host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    host.is_none() || host != text(headers, HOST.as_str())
}
