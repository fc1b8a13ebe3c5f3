//! The files that pages refer to, compiled in. Their names carry a hash of what they are, so a browser asks for each once.

use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY},
    },
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

const COLOURS: &str = include_str!("../assets/colours.css");
const ICON: &str = include_str!("../assets/favicon.svg");
/// The icon's name stands for itself, so a browser asks now and then.
const A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// One file.
#[derive(Debug)]
pub struct Asset {
    path: String,
    kind: HeaderValue,
    plain: Bytes,
    /// As small as brotli can make it.
    small: Bytes,
}

impl Asset {
    /// A stylesheet: the colours of all pages, and behind them the `rules` of these.
    pub fn style(name: &str, rules: &str) -> Self {
        Self::new(name, "css", "text/css; charset=utf-8", [COLOURS, rules].concat())
    }

    /// A script.
    pub fn script(name: &str, text: &str) -> Self {
        Self::new(name, "js", "text/javascript; charset=utf-8", text.to_owned())
    }

    /// A file below `/static/`, compressed once.
    fn new(name: &str, extension: &str, kind: &'static str, text: String) -> Self {
        let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(&text)[..6]);
        Self {
            path: format!("/static/{name}.{hash}.{extension}"),
            kind: HeaderValue::from_static(kind),
            small: compressed(text.as_bytes()).into(),
            plain: text.into(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How many bytes travel to a browser.
    pub fn compressed_len(&self) -> usize {
        self.small.len()
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

/// `GET /favicon.svg`
pub async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")), (CACHE_CONTROL, A_DAY)], ICON)
}

/// `GET /static/{name}`: that one of these files, or 404.
pub fn file(assets: &[&Asset], name: &str, headers: &HeaderMap) -> Response {
    let known = assets.iter().find(|asset| asset.path.strip_prefix("/static/") == Some(name));
    // During a release, a page of one version asks a process of another: so nothing keeps this answer.
    known.map_or_else(
        || (StatusCode::NOT_FOUND, [(CACHE_CONTROL, HeaderValue::from_static("no-store"))]).into_response(),
        |asset| asset.answer(headers),
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_is_only_sent_to_who_takes_it() {
        let headers =
            |text: &'static str| [(ACCEPT_ENCODING, HeaderValue::from_static(text))].into_iter().collect();
        assert!(takes_brotli(&headers("gzip, deflate, br")));
        assert!(!takes_brotli(&headers("gzip, brotli")));
        assert!(!takes_brotli(&headers("br;q=0")));
        let asset = Asset::style("style", "a { color: red }");
        assert_eq!(asset.answer(&headers("br")).headers()[CONTENT_ENCODING], "br");
        assert!(!asset.answer(&HeaderMap::new()).headers().contains_key(CONTENT_ENCODING));
    }

    #[test]
    fn a_file_is_found_by_its_whole_name_only() {
        let asset = Asset::script("app", "1;");
        let name = asset.path().strip_prefix("/static/").unwrap().to_owned();
        assert_eq!(file(&[&asset], &name, &HeaderMap::new()).status(), StatusCode::OK);
        assert_eq!(file(&[&asset], "app.js", &HeaderMap::new()).status(), StatusCode::NOT_FOUND);
        assert_ne!(asset.path(), Asset::script("app", "2;").path());
    }
}
