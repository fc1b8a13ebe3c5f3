//! The files that the pages refer to, compiled in.

use std::sync::LazyLock;

use axum::{extract::Path, http::HeaderMap, response::Response};
use page_kit::Asset;

/// The stylesheet of every page.
pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::style("console", include_str!("../../assets/console.css")));
/// The script of every page.
pub(super) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::script("console", include_str!("../../assets/console.js")));

/// `GET /static/{file}`
pub(super) async fn file(Path(file): Path<String>, headers: HeaderMap) -> Response {
    page_kit::file(&[&STYLE, &SCRIPT], &file, &headers)
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
