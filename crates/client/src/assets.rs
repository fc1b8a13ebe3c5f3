//! The files that pages refer to, compiled in. Their names carry a hash of what they are, so a browser asks for each once.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY},
    },
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Its name stands for itself, so a browser asks now and then.
const A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");
const ROBOTS: &str = "User-agent: *\nDisallow: /auth/\nDisallow: /orders\nDisallow: /sales\nDisallow: /live/\nDisallow: /api/\n";
const ICON: &str = include_str!("assets/favicon.svg");

/// The stylesheet of every page.
pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css; charset=utf-8", include_str!("assets/style.css")));
/// The script of every page.
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("app", "js", "text/javascript; charset=utf-8", include_str!("assets/app.js"))
});

/// One file.
pub(crate) struct Asset {
    /// Where it is.
    pub(crate) path: String,
    kind: HeaderValue,
    plain: Bytes,
    /// As small as brotli can make it.
    small: Bytes,
}

impl Asset {
    fn new(name: &str, extension: &str, kind: &'static str, text: &'static str) -> Self {
        let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..6]);
        Self {
            path: format!("/static/{name}.{hash}.{extension}"),
            kind: HeaderValue::from_static(kind),
            plain: Bytes::from_static(text.as_bytes()),
            small: compressed(text.as_bytes()).into(),
        }
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let fixed = [(CONTENT_TYPE, self.kind.clone()), (CACHE_CONTROL, FOREVER)];
        if takes_brotli(headers) {
            let encoding = [
                (CONTENT_ENCODING, HeaderValue::from_static("br")),
                (VARY, HeaderValue::from_static("accept-encoding")),
            ];
            return (fixed, encoding, self.small.clone()).into_response();
        }
        (fixed, self.plain.clone()).into_response()
    }
}

fn compressed(mut text: &[u8]) -> Vec<u8> {
    let mut small = Vec::new();
    let params =
        brotli::enc::BrotliEncoderParams { quality: 11, size_hint: text.len(), ..Default::default() };
    // Memory is read and written, which does not fail.
    if brotli::BrotliCompress(&mut text, &mut small, &params).is_err() {
        small.clear();
    }
    small
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|coding| coding.trim() == "br")
}

/// `GET /static/{file}`
pub(crate) async fn file(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let known =
        [&*STYLE, &*SCRIPT].into_iter().find(|asset| asset.path.strip_prefix("/static/") == Some(&file));
    // During a release, a page of one version asks a process of another: so nothing keeps this answer.
    known.map_or_else(
        || (StatusCode::NOT_FOUND, [(CACHE_CONTROL, HeaderValue::from_static("no-store"))]).into_response(),
        |asset| asset.answer(&headers),
    )
}

/// `GET /favicon.svg`
pub(crate) async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")), (CACHE_CONTROL, A_DAY)], ICON)
}

/// `GET /robots.txt`: only the tickets are for search engines.
pub(crate) async fn robots() -> impl IntoResponse {
    ([(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")), (CACHE_CONTROL, A_DAY)], ROBOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_at_most_5_kb_and_the_style_leaves_room_for_the_page() {
        assert!((1..=5_000).contains(&SCRIPT.small.len()), "{} bytes of script", SCRIPT.small.len());
        assert!((1..=5_000).contains(&STYLE.small.len()), "{} bytes of style", STYLE.small.len());
    }

    #[test]
    fn brotli_is_only_sent_to_who_takes_it() {
        let headers =
            |text: &'static str| [(ACCEPT_ENCODING, HeaderValue::from_static(text))].into_iter().collect();
        assert!(takes_brotli(&headers("gzip, deflate, br")));
        assert!(!takes_brotli(&headers("gzip, brotli")));
        assert!(!takes_brotli(&headers("br;q=0")));
        assert_eq!(STYLE.answer(&headers("br")).headers()[CONTENT_ENCODING], "br");
        assert!(!STYLE.answer(&HeaderMap::new()).headers().contains_key(CONTENT_ENCODING));
    }
}
