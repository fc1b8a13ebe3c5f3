//! Holds the document of an HTTP API against what the API really answers.

use std::collections::BTreeSet;

use serde_json::Value;

/// What was answered: the method, the path as the document writes it, and the status, as in
/// `("GET", "/api/orders/{id}", 200)`.
pub type Answer = (String, String, u16);

/// What is documented and was never answered, and what was answered and is not documented, a line each and sorted;
/// nothing if they agree.
pub fn undocumented(document: &Value, answered: &[Answer]) -> Vec<String> {
    let documented = documented(document);
    let answered: BTreeSet<String> =
        answered.iter().map(|(method, path, status)| line(method, path, &status.to_string())).collect();
    let never =
        documented.difference(&answered).map(|line| format!("{line} is documented and was never answered"));
    let unknown =
        answered.difference(&documented).map(|line| format!("{line} was answered and is not documented"));
    let mut differences: Vec<String> = never.chain(unknown).collect();
    differences.sort();
    differences
}

fn documented(document: &Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for (path, operations) in entries(&document["paths"]) {
        for (method, operation) in entries(operations) {
            lines.extend(entries(&operation["responses"]).map(|(status, _)| line(method, path, status)));
        }
    }
    lines
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn line(method: &str, path: &str, status: &str) -> String {
    format!("{} {path} {status}", method.to_uppercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compare(answered: &[(&str, &str, u16)]) -> Vec<String> {
        let document = json!({ "paths": {
            "/api/orders": { "get": { "responses": { "200": {}, "401": {} } }, "post": { "responses": { "201": {} } } },
            "/api/orders/{id}": { "summary": "One order", "get": { "responses": { "200": {} } } },
        }});
        let answered: Vec<_> = answered
            .iter()
            .map(|(method, path, status)| (method.to_string(), path.to_string(), *status))
            .collect();
        undocumented(&document, &answered)
    }

    const ALL: [(&str, &str, u16); 4] = [
        ("GET", "/api/orders", 200),
        ("GET", "/api/orders", 401),
        ("POST", "/api/orders", 201),
        ("get", "/api/orders/{id}", 200),
    ];

    #[test]
    fn an_api_that_answers_what_its_document_says_has_no_difference() {
        assert_eq!(compare(&ALL), [""; 0]);
        assert_eq!(compare(&[ALL, ALL].concat()), [""; 0]);
    }

    #[test]
    fn what_is_only_documented_and_what_is_only_answered_are_both_told() {
        let answered = [ALL[0], ALL[1], ALL[2], ("DELETE", "/api/orders/{id}", 204)];
        assert_eq!(
            compare(&answered),
            [
                "DELETE /api/orders/{id} 204 was answered and is not documented",
                "GET /api/orders/{id} 200 is documented and was never answered",
            ]
        );
    }

    #[test]
    fn a_document_without_paths_documents_nothing() {
        assert_eq!(undocumented(&json!({}), &[]), [""; 0]);
        assert_eq!(undocumented(&json!(null), &[("GET".into(), "/".into(), 200)]).len(), 1);
    }
}
