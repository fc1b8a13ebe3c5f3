//! `cargo xtask network-policies`: who may talk to whom in a cluster, and the policies that allow exactly that.

mod policies;
mod services;

use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;

use crate::generated::{Arguments, Generated};
use policies::{named, one_of, policy, tcp};
use services::{asking, operators_proxy, services};

/// What our services listen on (`HTTP_ADDR`).
const HTTP: u64 = 3000;
const NATS: Store = Store {
    name: "nats",
    port: 4222,
    clients: &["tickets", "orders", "expiration", "payments", "client", "console", "topology"],
    metrics: Some(8222),
};
const POSTGRES: Store = Store {
    name: "postgres",
    port: 5432,
    clients: &["auth", "tickets", "orders", "payments"],
    metrics: None,
};
const REDIS: Store = Store { name: "expiration-redis", port: 6379, clients: &["expiration"], metrics: None };
/// Between the servers of a NATS cluster.
const ROUTES: u64 = 6222;

/// A server with its clients.
struct Store {
    name: &'static str,
    port: u64,
    clients: &'static [&'static str],
    /// Where it is scraped, if it is.
    metrics: Option<u64>,
}

/// The files, each beside the pods whose arrows it allows.
const FILES: [Generated; 7] = [
    file("infra/k8s/components/namespace/network.yaml", || {
        text("What everybody may do, and nothing else", &everybody())
    }),
    file("infra/k8s/base/network.yaml", || {
        text("Who may ask the services, and whom they ask", &[services(), asking()].concat())
    }),
    file("infra/k8s/components/oauth2-proxy/network.yaml", || {
        text("Operators come to console through the proxy, which asks who they are", &operators_proxy())
    }),
    file("infra/k8s/components/nats/network.yaml", || text("Who may talk to NATS", &store(&NATS))),
    file("infra/k8s/components/nats-cluster/network.yaml", || {
        text("The servers of NATS talk to each other", &routes())
    }),
    file("infra/k8s/components/postgres/network.yaml", || {
        text("Who may talk to Postgres", &store(&POSTGRES))
    }),
    file("infra/k8s/components/redis/network.yaml", || text("Who may talk to Redis", &store(&REDIS))),
];

const COMMAND: &str = "cargo xtask network-policies";

const fn file(file: &'static str, text: fn() -> Result<String>) -> Generated {
    Generated { file, command: COMMAND, text }
}

/// Writes every file, or holds them against the arrows.
///
/// # Errors
/// When one can't be read or written, or is not current.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    for file in &FILES {
        file.run(arguments)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails if a file is not what the arrows say today.
pub(crate) fn check() -> Result<()> {
    FILES.iter().try_for_each(Generated::check)
}

/// Every policy that there is, those of a part of the cluster among them.
pub(crate) fn all() -> Vec<Value> {
    let stores = [store(&NATS), routes(), store(&POSTGRES), store(&REDIS)].concat();
    [everybody(), services(), asking(), operators_proxy(), stores].concat()
}

fn text(what: &str, policies: &[Value]) -> Result<String> {
    // Ports are numbers: not every network plugin enforces names.
    let head = format!(
        "# {what}. Written by `{COMMAND}` from the arrows in crates/xtask/src/network.rs: change them there.\n"
    );
    let documents = policies.iter().map(serde_saphyr::to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(head + &documents.join("---\n"))
}

/// Where names are looked up: the cluster's DNS in its own namespace (OpenShift's has another, and its pods listen on 5353),
/// NodeLocal DNSCache on the node, and Cloud DNS, which answers at the address of the metadata server.
const DNS_PODS: [(&str, &str, &str); 2] = [
    ("kube-system", "k8s-app", "kube-dns"),
    ("openshift-dns", "dns.operator.openshift.io/daemonset-dns", "default"),
];
const DNS_ADDRESSES: [&str; 2] = ["169.254.20.10/32", "169.254.169.254/32"];
const DNS_PORTS: [u64; 2] = [53, 5353];

/// Nothing passes but what a policy allows. Names are looked up at the cluster's DNS, or at its cache on the node; metrics are
/// read from a namespace that is labelled for it.
fn everybody() -> Vec<Value> {
    let pods = DNS_PODS.map(|(namespace, label, value)| {
        serde_json::json!({
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
            "podSelector": { "matchLabels": { label: value } },
        })
    });
    let addresses = DNS_ADDRESSES.map(|cidr| serde_json::json!({ "ipBlock": { "cidr": cidr } }));
    let dns: Vec<Value> = pods.into_iter().chain(addresses).collect();
    let names: Vec<Value> = DNS_PORTS
        .iter()
        .flat_map(|port| {
            ["UDP", "TCP"].map(|protocol| serde_json::json!({ "protocol": protocol, "port": port }))
        })
        .collect();
    let services = serde_json::json!({ "matchLabels": { "app.kubernetes.io/component": "service" } });
    vec![
        policy("default-deny", None, &serde_json::json!({}), &[("Ingress", &[]), ("Egress", &[])]),
        policy(
            "dns",
            None,
            &serde_json::json!({}),
            &[("Egress", &[serde_json::json!({ "to": dns, "ports": names })])],
        ),
        policy("metrics", None, &services, &[("Ingress", &[scraped(HTTP)])]),
    ]
}

fn scraped(port: u64) -> Value {
    let from = serde_json::json!([
        { "namespaceSelector": { "matchLabels": { "ticketing.dev/scrapes-metrics": "true" } } }
    ]);
    serde_json::json!({ "from": from, "ports": tcp(port) })
}

/// A store lets its clients in, and they may go there.
fn store(store: &Store) -> Vec<Value> {
    let clients = one_of(store.clients);
    let mut rules =
        vec![serde_json::json!({ "from": [{ "podSelector": clients }], "ports": tcp(store.port) })];
    rules.extend(store.metrics.map(scraped));
    let there = serde_json::json!({ "to": [{ "podSelector": named(store.name) }], "ports": tcp(store.port) });
    vec![
        policy(store.name, Some(store.name), &named(store.name), &[("Ingress", &rules)]),
        policy(&format!("{}-clients", store.name), Some(store.name), &clients, &[("Egress", &[there])]),
    ]
}

fn routes() -> Vec<Value> {
    let rule = |peers: &str| serde_json::json!({ peers: [{ "podSelector": named(NATS.name) }], "ports": tcp(ROUTES) });
    let (from, to) = ([rule("from")], [rule("to")]);
    vec![policy("nats-routes", Some(NATS.name), &named(NATS.name), &[("Ingress", &from), ("Egress", &to)])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_and_its_clients_are_the_two_ends_of_one_arrow() {
        let policies = store(&REDIS);
        assert_eq!(
            policies[0]["spec"]["podSelector"],
            policies[1]["spec"]["egress"][0]["to"][0]["podSelector"]
        );
        assert_eq!(
            policies[1]["spec"]["podSelector"],
            policies[0]["spec"]["ingress"][0]["from"][0]["podSelector"]
        );
        for rule in [&policies[0]["spec"]["ingress"][0], &policies[1]["spec"]["egress"][0]] {
            assert_eq!(rule["ports"][0]["port"], 6379);
        }
    }

    #[test]
    fn names_are_looked_up_wherever_a_cluster_answers_them() {
        let dns = everybody().into_iter().find(|policy| policy["metadata"]["name"] == "dns").unwrap();
        let rule = &dns["spec"]["egress"][0];
        let text = rule["to"].to_string();
        for place in ["kube-system", "openshift-dns", "169.254.20.10/32", "169.254.169.254/32"] {
            assert!(text.contains(place), "{place}: {text}");
        }
        let ports: Vec<_> =
            rule["ports"].as_array().unwrap().iter().map(|port| port["port"].as_u64()).collect();
        assert_eq!(ports, [53, 53, 5353, 5353].map(Some));
    }

    #[test]
    fn every_policy_has_a_name_of_its_own() {
        let mut names: Vec<String> =
            all().iter().map(|policy| policy["metadata"]["name"].to_string()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
