//! The documents name tests; each of them has to be there.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Fewer underscores than this are a variable, a metric or a file.
const WORDS_OF_A_TEST: usize = 6;

#[test]
fn every_test_that_a_document_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let code: String =
        rust_files(&root.join("crates")).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let mut named = 0;
    for document in ["README.md", "docs/ARCHITECTURE.md", "docs/PERFORMANCE.md", "docs/UPGRADE.md"] {
        let text = fs::read_to_string(root.join(document)).unwrap();
        for name in text.split('`').skip(1).step_by(2).filter(|name| is_test(name)) {
            named += 1;
            assert!(code.contains(&format!("fn {name}()")), "{document} names {name}, which is no test");
        }
    }
    assert!(named > 20, "only {named} names were found");
}

fn is_test(name: &str) -> bool {
    name.matches('_').count() >= WORDS_OF_A_TEST
        && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => rust_files(&path),
            Some(extension) if extension == "rs" => vec![path],
            _ => Vec::new(),
        })
        .collect()
}
