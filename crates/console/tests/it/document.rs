//! The document of the API.

use serde_json::Value;

/// Every operation that there shall be: its name, method and path.
const OPERATIONS: [(&str, &str, &str); 24] = [
    ("getStatus", "get", "/api/status"),
    ("streamStatus", "get", "/api/live"),
    ("getOrder", "get", "/api/orders/{id}"),
    ("listTimers", "get", "/api/timers"),
    ("forecastTimers", "get", "/api/timers/forecast"),
    ("fireTimer", "post", "/api/timers/{id}/fire"),
    ("moveTimer", "post", "/api/timers/{id}/move"),
    ("cancelTimer", "post", "/api/timers/{id}/cancel"),
    ("listOperations", "get", "/api/operations"),
    ("planOperation", "post", "/api/operations"),
    ("getOperation", "get", "/api/operations/{id}"),
    ("confirmOperation", "post", "/api/operations/{id}/confirm"),
    ("abortOperation", "post", "/api/operations/{id}/abort"),
    ("getSchedule", "get", "/api/schedule"),
    ("pauseSchedule", "post", "/api/pause"),
    ("resumeSchedule", "post", "/api/resume"),
    ("rebuildSchedule", "post", "/api/rebuild"),
    ("listDeadLetterGroups", "get", "/api/dead-letters/groups"),
    ("listDeadLetters", "get", "/api/dead-letters"),
    ("getDeadLetter", "get", "/api/dead-letters/{sequence}"),
    ("replayDeadLetter", "post", "/api/dead-letters/{sequence}/replay"),
    ("discardDeadLetter", "post", "/api/dead-letters/{sequence}/discard"),
    ("listOwed", "get", "/api/payments/owed"),
    ("settlePayment", "post", "/api/payments/{id}/settle"),
];
const LAST: (&str, &str, &str) = ("listAudit", "get", "/api/audit");

fn document() -> Value {
    serde_json::to_value(console::http::openapi()).unwrap()
}

#[test]
fn the_document_has_exactly_the_operations_that_there_shall_be() {
    let document = document();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push((operation["operationId"].as_str().unwrap(), method.as_str(), path.as_str()));
        }
    }
    let mut wanted = [OPERATIONS.to_vec(), vec![LAST]].concat();
    wanted.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, wanted);
}

/// The names of all schemas that something in the document refers to.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                found.push(reference.trim_start_matches("#/components/schemas/").to_owned());
            }
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn whatever_the_document_refers_to_is_in_it_and_every_operation_needs_a_token() {
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for name in found {
        assert!(document["components"]["schemas"][&name].is_object(), "{name} is not there");
    }
    for (name, method, path) in OPERATIONS.into_iter().chain([LAST]) {
        let operation = &document["paths"][path][method];
        assert_eq!(operation["security"][0]["token"], serde_json::json!([]), "{name}");
        for status in ["401", "500"] {
            assert!(operation["responses"][status].is_object(), "{name} {status}");
        }
        assert_eq!(operation["responses"]["403"].is_object(), method == "post", "{name}");
    }
}

#[test]
fn a_body_may_be_left_out_where_none_of_its_fields_is_needed() {
    let document = document();
    let is_needed = |path: &str| &document["paths"][path]["post"]["requestBody"]["required"];
    for path in [
        "/api/timers/{id}/fire",
        "/api/timers/{id}/move",
        "/api/timers/{id}/cancel",
        "/api/pause",
        "/api/resume",
        "/api/rebuild",
        "/api/dead-letters/{sequence}/replay",
    ] {
        assert_eq!(is_needed(path), false, "{path}");
    }
    for path in [
        "/api/operations",
        "/api/operations/{id}/confirm",
        "/api/dead-letters/{sequence}/discard",
        "/api/payments/{id}/settle",
    ] {
        assert_eq!(is_needed(path), true, "{path}");
    }
}
