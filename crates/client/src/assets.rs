//! The files that pages refer to, compiled in.

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
const ROBOTS: &str = "User-agent: *\nDisallow: /auth/\nDisallow: /orders\nDisallow: /sales\nDisallow: /live/\nDisallow: /api/\n";

/// The stylesheet of every page.
pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::style("style", include_str!("assets/style.css")));
/// The script of every page.
pub(crate) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::script("app", include_str!("assets/app.js")));

/// `GET /static/{file}`
pub(crate) async fn file(Path(file): Path<String>, headers: HeaderMap) -> Response {
    page_kit::file(&[&STYLE, &SCRIPT], &file, &headers)
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
        assert!(
            (1..=5_000).contains(&SCRIPT.compressed_len()),
            "{} bytes of script",
            SCRIPT.compressed_len()
        );
        assert!((1..=5_000).contains(&STYLE.compressed_len()), "{} bytes of style", STYLE.compressed_len());
    }
}
