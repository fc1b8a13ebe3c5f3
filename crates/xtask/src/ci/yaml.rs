//! YAML as JSON, which is what every manifest is to those that read it.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::Value;

/// The documents of a file that are not empty.
///
/// # Errors
/// When the file can't be read or is no YAML; the text says where.
pub(super) fn documents(file: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    parse(&text).with_context(|| file.display().to_string())
}

fn parse(text: &str) -> Result<Vec<Value>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_read_and_the_empty_ones_left_out() {
        let text =
            "---\na: 1\nb: ['x', 2.5, true, null]\n---\n# nothing\n---\nc: \"3000\"\nd: |\n  two\n  lines\n";
        let expected =
            [json!({ "a": 1, "b": ["x", 2.5, true, null] }), json!({ "c": "3000", "d": "two\nlines\n" })];
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn what_is_no_yaml_or_says_a_thing_twice_is_refused() {
        for text in ["a: [1", "a: 1\na: 2", "a: 1\n b: 2"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
