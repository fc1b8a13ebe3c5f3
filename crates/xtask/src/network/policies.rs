//! NetworkPolicy objects. Source: <https://kubernetes.io/docs/concepts/services-networking/network-policies/>.

use serde_json::{Map, Value, json};

const NAME: &str = "app.kubernetes.io/name";

/// A policy for the pods that `selector` names, with the rules of each direction; a direction without rules lets nothing pass.
pub(super) fn policy(
    name: &str,
    label: Option<&str>,
    selector: &Value,
    directions: &[(&str, &[Value])],
) -> Value {
    let mut metadata = json!({ "name": name });
    if let Some(label) = label {
        metadata["labels"] = json!({ NAME: label });
    }
    let types: Vec<&str> = directions.iter().map(|(direction, _)| *direction).collect();
    let mut spec = Map::from_iter([
        ("podSelector".to_owned(), selector.clone()),
        ("policyTypes".to_owned(), json!(types)),
    ]);
    for (direction, rules) in directions.iter().filter(|(_, rules)| !rules.is_empty()) {
        spec.insert(direction.to_lowercase(), json!(rules));
    }
    json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec })
}

/// Selects the pods of one name.
pub(super) fn named(name: &str) -> Value {
    json!({ "matchLabels": { NAME: name } })
}

/// Selects the pods of any of these names.
pub(super) fn one_of(names: &[&str]) -> Value {
    match names {
        [name] => named(name),
        names => json!({ "matchExpressions": [{ "key": NAME, "operator": "In", "values": names }] }),
    }
}

/// Ports are numbers: not every network plugin enforces names.
pub(super) fn tcp(port: u64) -> Value {
    json!([{ "protocol": "TCP", "port": port }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_without_rules_is_named_and_lets_nothing_pass() {
        let policy = policy("a", None, &json!({}), &[("Ingress", &[]), ("Egress", &[json!({})])]);
        assert_eq!(
            policy["spec"],
            json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": [{}] })
        );
    }
}
