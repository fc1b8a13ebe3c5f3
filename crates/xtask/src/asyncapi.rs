//! `cargo xtask asyncapi`: the contract of the events as a document, for services in other languages.
//!
//! It is made of the types and the topology that the services themselves use, so it can't say anything else.

mod dead_letters;
mod document;
mod events;
mod operations;
mod topology;

use anyhow::Result;
use serde_json::Value;

use crate::generated::Generated;

/// The document's place in the repository.
pub(crate) const FILE: Generated =
    Generated { file: "docs/asyncapi.json", command: "cargo xtask asyncapi", text };

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
    fn two_documents_of_the_same_types_are_the_same_text() {
        assert_eq!(text().unwrap(), text().unwrap());
    }

    #[test]
    fn a_name_becomes_an_identifier() {
        assert_eq!(camel_case("order:created"), "orderCreated");
        assert_eq!(pascal_case("expiration-order-created"), "ExpirationOrderCreated");
    }
}
