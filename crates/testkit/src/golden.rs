//! Holds HTTP answers against golden files, byte for byte.

use std::fmt::Write as _;

use axum::http::{HeaderMap, StatusCode};
use reqwest::Response;

/// Headers that a client relies on; all others differ from run to run or are the transport's own.
const HEADERS: [&str; 5] = ["content-type", "retry-after", "set-cookie", "etag", "link"];

/// Holds an answer against its golden file, in which `<name>` stands for what differs from run to run.
///
/// # Panics
/// When they differ.
#[track_caller]
pub fn check(status: StatusCode, headers: &HeaderMap, body: &str, golden: &str, names: &[(&str, &str)]) {
    let mut expected = golden.to_owned();
    for (name, value) in names {
        expected = expected.replace(&format!("<{name}>"), value);
    }
    assert_eq!(text(status, headers, body), expected);
}

/// The same of an answer whose body is not read yet.
///
/// # Panics
/// When they differ, or the body does not come.
#[track_caller]
pub fn check_response<'a>(
    answer: Response,
    golden: &'a str,
    names: &'a [(&'a str, &'a str)],
) -> impl Future<Output = ()> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.text().await.unwrap_or_else(|error| panic!("{caller}: read a body: {error}"));
        check(status, &headers, &body, golden, names);
    }
}

fn text(status: StatusCode, headers: &HeaderMap, body: &str) -> String {
    let mut text =
        format!("HTTP/1.1 {} {}\n", status.as_u16(), status.canonical_reason().unwrap_or_default());
    for name in HEADERS {
        if let Some(value) = headers.get(name) {
            // Writing to a text never fails.
            let _ = writeln!(text, "{name}: {}", value.to_str().unwrap_or("?"));
        }
    }
    if !body.is_empty() {
        let _ = write!(text, "\n{body}\n");
    }
    text
}
