//! What leads where in the manifests: every policy is one that the arrows make, and every Service, path of the Ingress and HTTPRoute ends
//! at a port that somebody listens on.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::say;
use crate::network;

/// One kind of pod, and the ports on which it listens.
struct Pod<'a> {
    name: &'a str,
    labels: &'a Value,
    ports: Vec<u64>,
}

/// Holds a rendering against the arrows, and looks where its Services and its Ingress lead.
pub(super) fn check(overlay: &str, objects: &[Value]) -> Result<()> {
    let policies: Vec<&Value> = of_kind(objects, "NetworkPolicy").collect();
    let mut wrong = strange(&policies, &network::all());
    wrong.extend(dead_ends(objects, &pods(objects)));
    ensure!(wrong.is_empty(), "{overlay}:\n{}", wrong.join("\n"));
    say(&format!("{overlay}: {} policies, each made of the arrows; no dead end", policies.len()));
    Ok(())
}

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Policies that the arrows do not make, and the one without which everything passes, if it is missing.
fn strange(policies: &[&Value], made: &[Value]) -> Vec<String> {
    let is_made = |policy: &&Value| {
        made.iter().any(|made| {
            made["metadata"]["name"] == policy["metadata"]["name"] && made["spec"] == policy["spec"]
        })
    };
    let mut wrong: Vec<String> = policies
        .iter()
        .filter(|policy| !is_made(policy))
        .map(|policy| format!("the policy {} is not one that the arrows make", policy["metadata"]["name"]))
        .collect();
    if policies.iter().all(|policy| policy["metadata"]["name"] != "default-deny") {
        wrong.push("there is no policy default-deny".to_owned());
    }
    wrong
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
    selector.as_object().into_iter().flatten().all(|(key, value)| labels[key] == *value)
}

/// Services and paths of the Ingress that lead to no port.
fn dead_ends(objects: &[Value], pods: &[Pod<'_>]) -> Vec<String> {
    let mut wrong = Vec::new();
    for service in of_kind(objects, "Service") {
        let name = &service["metadata"]["name"];
        let selector = &service["spec"]["selector"];
        for port in list(&service["spec"]["ports"]) {
            let target = port["targetPort"].as_u64().unwrap_or_default();
            if !pods.iter().any(|pod| selects(selector, pod.labels) && pod.ports.contains(&target)) {
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
    for route in of_kind(objects, "HTTPRoute") {
        for backend in list(&route["spec"]["rules"]).flat_map(|rule| list(&rule["backendRefs"])) {
            let service =
                of_kind(objects, "Service").find(|service| service["metadata"]["name"] == backend["name"]);
            let port = &backend["port"];
            if !service
                .is_some_and(|service| list(&service["spec"]["ports"]).any(|each| each["port"] == *port))
            {
                let name = &route["metadata"]["name"];
                wrong.push(format!("the HTTPRoute {name} leads to {backend}, which is not there"));
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

    #[test]
    fn a_policy_that_no_arrow_makes_is_told_and_so_is_the_missing_refusal() {
        let made = network::all();
        let all: Vec<&Value> = made.iter().collect();
        assert_eq!(strange(&all, &made), [""; 0]);
        let mut wider = made[1].clone();
        wider["spec"]["egress"] = json!([{}]);
        assert_eq!(
            strange(&[&made[0], &wider], &made),
            [format!("the policy {} is not one that the arrows make", wider["metadata"]["name"])]
        );
        assert_eq!(strange(&all[1..], &made), ["there is no policy default-deny"]);
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
