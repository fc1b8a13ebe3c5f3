//! The documents name tests; each of them has to be there.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The documents, each with the number of underscores below which a name is a variable, a metric or a file.
const DOCUMENTS: [(&str, usize); 5] = [
    ("README.md", 6),
    ("docs/ARCHITECTURE.md", 6),
    ("docs/OPERATORS-COMPARED.md", 4),
    ("docs/PERFORMANCE.md", 6),
    ("docs/UPGRADE.md", 6),
];

#[test]
fn every_test_that_a_document_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let code: String =
        rust_files(&root.join("crates")).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let mut named = 0;
    for (document, underscores) in DOCUMENTS {
        let text = fs::read_to_string(root.join(document)).unwrap();
        for name in text.split('`').skip(1).step_by(2).filter(|name| is_test(name, underscores)) {
            named += 1;
            assert!(code.contains(&format!("fn {name}()")), "{document} names {name}, which is no test");
        }
    }
    assert!(named > 80, "only {named} names were found");
}

fn is_test(name: &str, underscores: usize) -> bool {
    name.matches('_').count() >= underscores && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
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
