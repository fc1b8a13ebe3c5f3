//! What leads where in the manifests: the policies allow exactly the arrows of the architecture, and every Service and path of
//! the Ingress ends at a port that somebody listens on.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::say;

/// Who talks to whom, and on which port: the picture in `docs/DEPLOY.md`.
const ARROWS: [(&str, &str, u64); 8] = [
    ("auth", "postgres", 5432),
    ("tickets", "postgres", 5432),
    ("orders", "postgres", 5432),
    ("tickets", "nats", 4222),
    ("orders", "nats", 4222),
    ("expiration", "nats", 4222),
    ("topology", "nats", 4222),
    ("expiration", "expiration-redis", 6379),
];
/// Between the servers of a cluster.
const ROUTE: (&str, &str, u64) = ("nats", "nats", 6222);
/// Who comes in from other namespaces, by the label that lets him.
const INCOMING: [(&str, &str, u64); 8] = [
    ("ingress-nginx", "auth", 3000),
    ("ingress-nginx", "tickets", 3000),
    ("ingress-nginx", "orders", 3000),
    (SCRAPER, "auth", 3000),
    (SCRAPER, "tickets", 3000),
    (SCRAPER, "orders", 3000),
    (SCRAPER, "expiration", 3000),
    (SCRAPER, "nats", 8222),
];
const SCRAPER: &str = "ticketing.dev/scrapes-metrics";
/// Where everybody may go besides: to the cluster's DNS, and to its cache on the node.
const NAMES: [(&str, u64); 2] = [("kube-system", 53), ("169.254.20.10/32", 53)];

/// What one kind of pod is to the network.
struct Pod<'a> {
    name: &'a str,
    labels: &'a Value,
    ports: Vec<u64>,
}

type Arrow = (String, String, u64);

/// Holds a rendering against the arrows.
pub(super) fn check(overlay: &str, objects: &[Value]) -> Result<()> {
    let pods = pods(objects);
    let mut expected: BTreeSet<Arrow> = ARROWS.into_iter().chain(INCOMING).map(arrow).collect();
    expected.extend(pods.iter().flat_map(|pod| NAMES.map(|(to, port)| arrow((pod.name, to, port)))));
    if pods.iter().any(|pod| pod.name == ROUTE.0 && pod.ports.contains(&ROUTE.2)) {
        expected.insert(arrow(ROUTE));
    }
    let policies: Vec<&Value> = of_kind(objects, "NetworkPolicy").collect();
    let allowed = allowed(&policies, &pods);
    let told = |arrows: &mut dyn Iterator<Item = &Arrow>, what: &str| -> Vec<String> {
        arrows.map(|(from, to, port)| format!("{overlay}: {from} -> {to}:{port} {what}")).collect()
    };
    let mut wrong = told(&mut allowed.difference(&expected), "is allowed, and no arrow");
    wrong.extend(told(&mut expected.difference(&allowed), "is an arrow, and not allowed"));
    wrong.extend(dead_ends(objects, &pods).into_iter().map(|it| format!("{overlay}: {it}")));
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    say(&format!("{overlay}: the policies allow the {} arrows and no other", expected.len()));
    Ok(())
}

fn arrow((from, to, port): (&str, &str, u64)) -> Arrow {
    (from.to_owned(), to.to_owned(), port)
}

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// One of each name; two jobs of the same command are one.
fn pods(objects: &[Value]) -> Vec<Pod<'_>> {
    let template = |object: &'_ Value| match object["kind"].as_str() {
        Some("Deployment" | "StatefulSet") => Some("/spec/template"),
        Some("CronJob") => Some("/spec/jobTemplate/spec/template"),
        _ => None,
    };
    let mut pods: Vec<Pod<'_>> = Vec::new();
    for object in objects {
        let Some(template) = template(object).and_then(|path| object.pointer(path)) else { continue };
        let labels = &template["metadata"]["labels"];
        let name = labels["app.kubernetes.io/name"].as_str().unwrap_or_default();
        let ports = list(&template["spec"]["containers"]).flat_map(|container| list(&container["ports"]));
        let ports = ports.filter_map(|port| port["containerPort"].as_u64()).collect();
        if pods.iter().all(|pod| pod.name != name) {
            pods.push(Pod { name, labels, ports });
        }
    }
    pods
}

fn selects(selector: &Value, labels: &Value) -> bool {
    let equal =
        selector["matchLabels"].as_object().into_iter().flatten().all(|(key, value)| labels[key] == *value);
    equal
        && list(&selector["matchExpressions"]).all(|expression| {
            let label = &labels[expression["key"].as_str().unwrap_or_default()];
            // The one operator that the policies use; another one selects nothing, and arrows are missing.
            expression["operator"] == "In" && list(&expression["values"]).any(|value| value == label)
        })
}

fn allowed(policies: &[&Value], pods: &[Pod<'_>]) -> BTreeSet<Arrow> {
    let mut allowed = BTreeSet::new();
    for to in pods {
        for port in &to.ports {
            for from in pods {
                let leaves = passes(policies, from, "Egress", |peer| selects_here(peer, to), *port);
                let enters = passes(policies, to, "Ingress", |peer| selects_here(peer, from), *port);
                if leaves && enters {
                    allowed.insert((from.name.to_owned(), to.name.to_owned(), *port));
                }
            }
        }
    }
    for pod in pods {
        let name = || pod.name.to_owned();
        allowed
            .extend(strangers(policies, pod, "Ingress").into_iter().map(|(from, port)| (from, name(), port)));
        allowed.extend(strangers(policies, pod, "Egress").into_iter().map(|(to, port)| (name(), to, port)));
    }
    allowed
}

/// Whether the policies of this pod let it have this peer. Without a policy of that direction everything passes.
fn passes(
    policies: &[&Value],
    pod: &Pod<'_>,
    direction: &str,
    is_peer: impl Fn(&Value) -> bool,
    port: u64,
) -> bool {
    let (rules, peers) = fields(direction);
    let mut mine = policies.iter().filter(|policy| applies(policy, pod, direction)).peekable();
    mine.peek().is_none()
        || mine.flat_map(|policy| list(&policy["spec"][rules])).any(|rule| {
            let anybody = rule.get(peers).is_none();
            has_port(rule, port) && (anybody || list(&rule[peers]).any(&is_peer))
        })
}

/// Where the rules of a direction stand in a policy, and the peers in a rule.
fn fields(direction: &str) -> (&'static str, &'static str) {
    if direction == "Egress" { ("egress", "to") } else { ("ingress", "from") }
}

fn applies(policy: &Value, pod: &Pod<'_>, direction: &str) -> bool {
    list(&policy["spec"]["policyTypes"]).any(|each| each == direction)
        && selects(&policy["spec"]["podSelector"], pod.labels)
}

fn has_port(rule: &Value, port: u64) -> bool {
    rule.get("ports").is_none() || list(&rule["ports"]).any(|each| each["port"] == port)
}

/// Whether a peer is this pod, in the namespace of the policy.
fn selects_here(peer: &Value, pod: &Pod<'_>) -> bool {
    peer.get("namespaceSelector").is_none()
        && peer.get("podSelector").is_some_and(|selector| selects(selector, pod.labels))
}

/// The peers of a pod that are none of ours, and their ports: a namespace's name or the label that lets it in, an address, or
/// anybody. Port 0 stands for all of them, and for a range.
fn strangers(policies: &[&Value], pod: &Pod<'_>, direction: &str) -> Vec<(String, u64)> {
    let (rules, peers) = fields(direction);
    let mine = policies.iter().filter(|policy| applies(policy, pod, direction));
    mine.flat_map(|policy| list(&policy["spec"][rules]))
        .flat_map(|rule| {
            let names: Vec<String> = match rule.get(peers) {
                None => vec!["anybody".to_owned()],
                Some(peers) => list(peers).filter_map(stranger).collect(),
            };
            let ports: Vec<u64> = match rule.get("ports") {
                None => vec![0],
                Some(ports) => list(ports).map(number).collect(),
            };
            names
                .into_iter()
                .flat_map(move |name| ports.clone().into_iter().map(move |port| (name.clone(), port)))
        })
        .collect()
}

fn number(port: &Value) -> u64 {
    if port.get("endPort").is_some() { 0 } else { port["port"].as_u64().unwrap_or_default() }
}

fn stranger(peer: &Value) -> Option<String> {
    if let Some(cidr) = peer["ipBlock"]["cidr"].as_str() {
        return Some(cidr.to_owned());
    }
    let labels = peer.get("namespaceSelector")?["matchLabels"].as_object();
    let named = labels.into_iter().flatten().next().map(|(key, value)| match value.as_str() {
        Some(name) if key == "kubernetes.io/metadata.name" => name.to_owned(),
        _ => key.clone(),
    });
    Some(named.unwrap_or_else(|| "any namespace".to_owned()))
}

/// Services and paths of the Ingress that lead to no port.
fn dead_ends(objects: &[Value], pods: &[Pod<'_>]) -> Vec<String> {
    let mut wrong = Vec::new();
    for service in of_kind(objects, "Service") {
        let name = &service["metadata"]["name"];
        let selector = serde_json::json!({ "matchLabels": service["spec"]["selector"] });
        for port in list(&service["spec"]["ports"]) {
            let target = port["targetPort"].as_u64().unwrap_or_default();
            if !pods.iter().any(|pod| selects(&selector, pod.labels) && pod.ports.contains(&target)) {
                wrong.push(format!(
                    "Service {name} leads to port {}, where nobody listens",
                    port["targetPort"]
                ));
            }
        }
    }
    for ingress in of_kind(objects, "Ingress") {
        for path in list(&ingress["spec"]["rules"]).flat_map(|rule| list(&rule["http"]["paths"])) {
            let backend = &path["backend"]["service"];
            let service =
                of_kind(objects, "Service").find(|service| service["metadata"]["name"] == backend["name"]);
            let port = &backend["port"]["number"];
            if !service
                .is_some_and(|service| list(&service["spec"]["ports"]).any(|each| each["port"] == *port))
            {
                wrong.push(format!("the Ingress leads {} to {backend}, which is not there", path["path"]));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn workload(name: &str, port: u64) -> Value {
        json!({ "kind": "Deployment", "spec": { "template": {
            "metadata": { "labels": { "app.kubernetes.io/name": name } },
            "spec": { "containers": [{ "ports": [{ "containerPort": port }] }] },
        } } })
    }

    fn only(direction: &str, of: &str, other: &str, port: u64) -> Value {
        let named = |name: &str| json!({ "matchLabels": { "app.kubernetes.io/name": name } });
        let (rules, peers) = if direction == "Egress" { ("egress", "to") } else { ("ingress", "from") };
        let rule = json!({ peers: [{ "podSelector": named(other) }], "ports": [{ "port": port }] });
        json!({ "kind": "NetworkPolicy",
                "spec": { "podSelector": named(of), "policyTypes": [direction], rules: [rule] } })
    }

    fn arrows(objects: &[Value]) -> Vec<String> {
        let policies: Vec<&Value> = of_kind(objects, "NetworkPolicy").collect();
        let allowed = allowed(&policies, &pods(objects));
        allowed.into_iter().map(|(from, to, port)| format!("{from} -> {to}:{port}")).collect()
    }

    #[test]
    fn an_arrow_needs_both_ends_and_its_port() {
        let deny = json!({ "kind": "NetworkPolicy",
                           "spec": { "podSelector": {}, "policyTypes": ["Ingress", "Egress"] } });
        let (a, b) = (workload("a", 1), workload("b", 2));
        let (out, into) = (only("Egress", "a", "b", 2), only("Ingress", "b", "a", 2));
        let base = [a, b, deny];
        assert_eq!(arrows(&base), [""; 0]);
        assert_eq!(arrows(&[&base[..], std::slice::from_ref(&out)].concat()), [""; 0]);
        assert_eq!(arrows(&[&base[..], &[out.clone(), only("Ingress", "b", "a", 3)]].concat()), [""; 0]);
        assert_eq!(arrows(&[&base[..], &[out, into]].concat()), ["a -> b:2"]);
    }

    #[test]
    fn without_a_policy_everybody_talks_to_everybody() {
        assert_eq!(arrows(&[workload("a", 1), workload("b", 2)]).len(), 4);
    }

    #[test]
    fn a_stranger_is_told_by_what_lets_him_in() {
        let into = |from: Value| {
            json!({ "kind": "NetworkPolicy", "spec": { "podSelector": {}, "policyTypes": ["Ingress"],
                    "ingress": [{ "from": from, "ports": [{ "port": 1 }] }] } })
        };
        let out = |to: Value, ports: Value| {
            json!({ "kind": "NetworkPolicy", "spec": { "podSelector": {}, "policyTypes": ["Egress"],
                    "egress": [{ "to": to, "ports": ports }] } })
        };
        for (from, told) in [
            (
                json!([{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "n" } } }]),
                "n -> a:1",
            ),
            (json!([{ "namespaceSelector": {} }]), "any namespace -> a:1"),
            (json!([{ "ipBlock": { "cidr": "0.0.0.0/0" } }]), "0.0.0.0/0 -> a:1"),
        ] {
            assert_eq!(arrows(&[workload("a", 1), into(from)]), [told]);
        }
        let anywhere = json!([{ "ipBlock": { "cidr": "0.0.0.0/0" } }]);
        for (ports, told) in [
            (json!([{ "port": 443 }]), "a -> 0.0.0.0/0:443"),
            (json!([{ "port": 1, "endPort": 65535 }]), "a -> 0.0.0.0/0:0"),
        ] {
            assert_eq!(arrows(&[workload("a", 1), out(anywhere.clone(), ports)]), [told]);
        }
    }

    #[test]
    fn a_service_or_a_path_that_leads_nowhere_is_told() {
        let service = |target: u64| {
            json!({ "kind": "Service", "metadata": { "name": "a-srv" }, "spec": {
                "selector": { "app.kubernetes.io/name": "a" }, "ports": [{ "port": 80, "targetPort": target }] } })
        };
        let ingress = |port: u64| {
            let backend = json!({ "service": { "name": "a-srv", "port": { "number": port } } });
            json!({ "kind": "Ingress", "spec": { "rules": [{ "http": { "paths": [{ "path": "/a", "backend": backend }] } }] } })
        };
        for (target, port, count) in [(1, 80, 0), (2, 80, 1), (1, 81, 1)] {
            let objects = [workload("a", 1), service(target), ingress(port)];
            assert_eq!(dead_ends(&objects, &pods(&objects)).len(), count, "{target} {port}");
        }
    }
}
