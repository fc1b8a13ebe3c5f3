//! The files that the pages refer to, compiled in.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{
        HeaderMap, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use page_kit::Asset;

/// Its name stands for itself, so a browser asks now and then.
const A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");
const ICON: &str = include_str!("../../assets/favicon.svg");

/// The stylesheet of every page.
pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("console", "css", "text/css; charset=utf-8", include_str!("../../assets/console.css"))
});
/// The script of every page.
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("console", "js", "text/javascript; charset=utf-8", include_str!("../../assets/console.js"))
});

/// `GET /static/{file}`
pub(super) async fn file(Path(file): Path<String>, headers: HeaderMap) -> Response {
    page_kit::file(&[&STYLE, &SCRIPT], &file, &headers)
}

/// `GET /favicon.svg`
pub(super) async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")), (CACHE_CONTROL, A_DAY)], ICON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_and_the_style_are_at_most_5_kb_each() {
        assert!(
            (1..=5_000).contains(&SCRIPT.compressed_len()),
            "{} bytes of script",
            SCRIPT.compressed_len()
        );
        assert!((1..=5_000).contains(&STYLE.compressed_len()), "{} bytes of style", STYLE.compressed_len());
    }
}
