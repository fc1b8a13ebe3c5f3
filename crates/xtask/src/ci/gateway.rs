//! Objects of the Gateway API and of Envoy Gateway, which no checker from a package registry knows.
//!
//! The workflow `ci` holds them against their definitions in a cluster; here is what of these the manifests use, so that a
//! field that is misspelt is found at once.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::say;

const GROUPS: [&str; 2] = ["gateway.networking.k8s.io/", "gateway.envoyproxy.io/"];

/// The fields of each kind, with the version that has them. Below an entry is nothing but what it names.
const KNOWN: [(&str, &str, &[&str]); 6] = [
    ("gateway.networking.k8s.io/v1", "GatewayClass", &["controllerName"]),
    (
        "gateway.networking.k8s.io/v1",
        "Gateway",
        &[
            "gatewayClassName",
            "listeners.name",
            "listeners.protocol",
            "listeners.port",
            "listeners.hostname",
            "listeners.tls.mode",
            "listeners.tls.certificateRefs.kind",
            "listeners.tls.certificateRefs.name",
        ],
    ),
    (
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        &[
            "parentRefs.name",
            "parentRefs.sectionName",
            "hostnames",
            "rules.matches.path.type",
            "rules.matches.path.value",
            "rules.backendRefs.name",
            "rules.backendRefs.port",
            "rules.filters.type",
            "rules.filters.requestRedirect.scheme",
            "rules.filters.requestRedirect.statusCode",
        ],
    ),
    (
        "gateway.envoyproxy.io/v1alpha1",
        "ClientTrafficPolicy",
        &[
            "targetRefs.group",
            "targetRefs.kind",
            "targetRefs.name",
            "timeout.http.requestReceivedTimeout",
            "timeout.http.idleTimeout",
            "clientIPDetection.xForwardedFor.numTrustedHops",
        ],
    ),
    (
        "gateway.envoyproxy.io/v1alpha1",
        "BackendTrafficPolicy",
        &[
            "targetRefs.group",
            "targetRefs.kind",
            "targetRefs.name",
            "requestBuffer.limit",
            "timeout.http.requestTimeout",
            "timeout.http.connectionIdleTimeout",
        ],
    ),
    (
        "gateway.envoyproxy.io/v1alpha1",
        "SecurityPolicy",
        &[
            "targetRefs.group",
            "targetRefs.kind",
            "targetRefs.name",
            "authorization.defaultAction",
            "authorization.rules.action",
            "authorization.rules.principal.clientCIDRs",
        ],
    ),
];

/// Whether an object is one of these.
pub(super) fn is_of_gateway(object: &Value) -> bool {
    object["apiVersion"].as_str().is_some_and(|version| GROUPS.iter().any(|group| version.starts_with(group)))
}

/// Holds those of a rendering against what is known.
pub(super) fn check(overlay: &str, objects: &[Value]) -> Result<()> {
    let ours: Vec<&Value> = objects.iter().filter(|object| is_of_gateway(object)).collect();
    let wrong: Vec<String> = ours.iter().flat_map(|object| strange(object)).collect();
    ensure!(wrong.is_empty(), "{overlay}:\n{}", wrong.join("\n"));
    say(&format!("{overlay}: {} objects of the Gateway API have known fields only", ours.len()));
    Ok(())
}

fn strange(object: &Value) -> Vec<String> {
    let (version, kind) = (&object["apiVersion"], &object["kind"]);
    let Some((_, _, known)) = KNOWN.iter().find(|(known, of, _)| version == known && kind == of) else {
        return vec![format!("{version} {kind} is not known")];
    };
    let mut found = Vec::new();
    leaves(&object["spec"], String::new(), &mut found);
    let strange = found.into_iter().filter(|path| !known.contains(&path.as_str()));
    strange.map(|path| format!("{kind} {} has no field spec.{path}", object["metadata"]["name"])).collect()
}

/// The paths of everything that has nothing below it; a list is as its entries.
fn leaves(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(field, path, found);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| leaves(entry, path.clone(), found)),
        _ => found.push(path),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_that_is_misspelt_and_a_kind_of_another_version_are_told() {
        let route = |version: &str, field: &str| {
            json!({ "apiVersion": version, "kind": "HTTPRoute", "metadata": { "name": "a" },
                    "spec": { "parentRefs": [{ field: "ticketing" }], "hostnames": ["ticketing.dev"] } })
        };
        let v1 = "gateway.networking.k8s.io/v1";
        assert_eq!(strange(&route(v1, "name")), [""; 0]);
        assert_eq!(strange(&route(v1, "nmae")), [r#""HTTPRoute" "a" has no field spec.parentRefs.nmae"#]);
        assert_eq!(strange(&route("gateway.networking.k8s.io/v1alpha2", "name")).len(), 1);
    }
}
