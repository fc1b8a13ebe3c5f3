//! `cargo xtask asyncapi`: the contract of the events as a document, for whoever speaks to the fleet in another language.
//!
//! It is made of the types and the topology that the services themselves use, so it can't say anything else.

mod dead_letters;
mod document;
mod events;
mod operations;
mod topology;

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::layout;

/// The document's place in the repository.
pub(crate) const FILE: &str = "docs/asyncapi.json";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing, and fail if the document is not what it would be.
    #[arg(long)]
    check: bool,
}

/// Writes the document, or holds it against what would be written.
///
/// # Errors
/// When the file can't be read or written, or is not current; the text says what to type.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.check {
        check()?;
    } else {
        let file = file();
        fs::write(&file, text()?).with_context(|| format!("write {}", file.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails if the document in the repository is not what the types say today.
pub(crate) fn check() -> Result<()> {
    let file = file();
    let there = fs::read_to_string(&file)
        .with_context(|| format!("read {}: `cargo xtask asyncapi` writes it", file.display()))?;
    compare(&there, &text()?)
}

fn file() -> PathBuf {
    layout::repository().join(FILE)
}

fn compare(there: &str, current: &str) -> Result<()> {
    let differs = there.lines().zip(current.lines()).position(|(there, current)| there != current);
    let line = differs.unwrap_or_else(|| there.lines().count().min(current.lines().count())) + 1;
    ensure!(
        there == current,
        "{FILE} is not what the types say, from line {line} on: `cargo xtask asyncapi` repairs it"
    );
    Ok(())
}

/// The document as it stands in the repository.
fn text() -> Result<String> {
    let mut document = document::document()?;
    // Whether a map keeps its order is a feature of serde_json that any crate of the build may switch on.
    document.sort_all_objects();
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// A reference to another place of the document.
fn reference(path: &str) -> Value {
    serde_json::json!({ "$ref": format!("#/{path}") })
}

/// A name as an identifier: `order:created` and `expiration-order-created` lose what separates their words.
fn camel_case(name: &str) -> String {
    let pascal = pascal_case(name);
    pascal[..1].to_lowercase() + &pascal[1..]
}

fn pascal_case(name: &str) -> String {
    name.split([':', '-']).map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_differs_is_refused_and_the_line_and_the_repair_named() {
        compare("a\nb\n", "a\nb\n").unwrap();
        for stale in ["a\nc\n", "a\n", "a\nb", "a\nb\n\n"] {
            let error = compare(stale, "a\nb\n").unwrap_err().to_string();
            assert!(error.contains("cargo xtask asyncapi"), "{error}");
        }
        assert!(compare("a\nc\n", "a\nb\n").unwrap_err().to_string().contains("line 2"));
    }

    #[test]
    fn two_documents_of_the_same_types_are_the_same_text() {
        assert_eq!(text().unwrap(), text().unwrap());
    }

    #[test]
    fn a_name_becomes_an_identifier() {
        assert_eq!(camel_case("order:created"), "orderCreated");
        assert_eq!(pascal_case("expiration-order-created"), "ExpirationOrderCreated");
    }
}
