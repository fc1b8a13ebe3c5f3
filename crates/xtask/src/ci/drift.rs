//! The manifests and the binaries say the same: each variable is one that the service knows and takes with the value that
//! it has there, none that it needs is missing, ports and probes are those of the code, and each runs as itself.

use common::Service;
use std::{collections::BTreeMap, process::Command};

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use process::config::duration;
use serde_json::Value;
use testkit::ServiceProcess;

use super::say;

/// The probes that a service answers.
const PROBES: [(&str, &str); 3] =
    [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")];
/// The program that is no service, and the jobs that run it.
pub(super) const COMMAND: &str = "topology";
const JOBS: [&str; 2] = ["topology-show", "topology-apply"];

/// Holds a rendering against every service's binary.
pub(super) fn check(overlay: &str, objects: &[Value]) -> Result<()> {
    let mut wrong = Vec::new();
    let mut variables = 0;
    for name in Service::OURS {
        let container = container(objects, name).with_context(|| format!("{overlay}: {name}"))?;
        let environment = environment(objects, container).with_context(|| format!("{overlay}: {name}"))?;
        variables += environment.len();
        wrong.extend(
            of_environment(name.as_str(), &environment, &given(objects, name.as_str()))?
                .into_iter()
                .chain(of_probes(container, port(name.as_str())?))
                .chain(of_the_end(pod(objects, name)?, container, &environment)?)
                .chain(of_the_account(pod(objects, name)?, name))
                .map(|it| format!("{overlay}: {name}: {it}")),
        );
    }
    for job in JOBS {
        let container = container_of_job(objects, job).with_context(|| format!("{overlay}: {job}"))?;
        let environment = environment(objects, container).with_context(|| format!("{overlay}: {job}"))?;
        variables += environment.len();
        let told = of_environment(COMMAND, &environment, &given(objects, COMMAND))?;
        wrong.extend(told.into_iter().map(|it| format!("{overlay}: {job}: {it}")));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    say(&format!("{overlay}: {variables} variables, the ports and the probes are those of the binaries"));
    Ok(())
}

fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> Result<&'a Value> {
    let found = objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    found.with_context(|| format!("there is no {kind} {name}"))
}

fn pod(objects: &[Value], name: Service) -> Result<&Value> {
    Ok(&find(objects, "Deployment", &format!("{name}-depl"))?["spec"]["template"]["spec"])
}

/// The service's own container.
fn container(objects: &[Value], name: Service) -> Result<&Value> {
    let mut containers = pod(objects, name)?["containers"].as_array().into_iter().flatten();
    containers
        .find(|container| container["name"] == name.as_str())
        .context("its Deployment has no such container")
}

/// A pod that is killed before it has waited and drained loses what it was answering.
fn of_the_end(
    pod: &Value,
    container: &Value,
    environment: &BTreeMap<String, String>,
) -> Result<Option<String>> {
    let drain = environment.get("SHUTDOWN_TIMEOUT").context("it sets no SHUTDOWN_TIMEOUT")?;
    let drain = duration::parse_positive(drain).map_err(anyhow::Error::msg)?.as_secs();
    let wait = container["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().unwrap_or_default();
    let grace = pod["terminationGracePeriodSeconds"].as_u64().context("it has no grace period")?;
    let too_short = grace <= wait + drain;
    Ok(too_short
        .then(|| format!("it waits {wait} s and drains up to {drain} s, and is killed after {grace} s")))
}

/// Another service's account would have that one's rights.
fn of_the_account(pod: &Value, name: Service) -> Option<String> {
    let account = pod["serviceAccountName"].as_str().unwrap_or("default");
    (account != name.as_str()).then(|| format!("it runs as the account {account}"))
}

/// The one container of a CronJob's pods.
fn container_of_job<'a>(objects: &'a [Value], name: &str) -> Result<&'a Value> {
    let job = find(objects, "CronJob", name)?;
    let container = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
    ensure!(container.is_object(), "it has no container");
    Ok(container)
}

/// The variables of a container, with what they come to in the cluster.
fn environment(objects: &[Value], container: &Value) -> Result<BTreeMap<String, String>> {
    let entries = container["env"].as_array().into_iter().flatten();
    entries
        .map(|entry| {
            let name = entry["name"].as_str().context("a variable without a name")?;
            let value = value(objects, entry).with_context(|| format!("the variable {name}"))?;
            Ok((name.to_owned(), value))
        })
        .collect()
}

fn value(objects: &[Value], entry: &Value) -> Result<String> {
    let from = &entry["valueFrom"];
    if from["fieldRef"].is_object() {
        return Ok("pod-1".to_owned());
    }
    for (reference, kind, fields) in [
        ("configMapKeyRef", "ConfigMap", ["data", "binaryData"]),
        ("secretKeyRef", "Secret", ["stringData", "data"]),
    ] {
        let (Some(name), Some(key)) = (from[reference]["name"].as_str(), from[reference]["key"].as_str())
        else {
            continue;
        };
        let object = find(objects, kind, name)?;
        let found = fields.iter().find_map(|field| Some((*field, object[*field][key].as_str()?)));
        let (field, text) = found.with_context(|| format!("{kind} {name} has no key {key}"))?;
        return if (kind, field) == ("Secret", "data") { decoded(text) } else { Ok(text.to_owned()) };
    }
    entry["value"].as_str().map(str::to_owned).context("it has no value")
}

fn decoded(base64: &str) -> Result<String> {
    // kustomize breaks a long one into lines.
    let letters: String = base64.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(letters).context("a secret that is no base64")?;
    String::from_utf8(bytes).context("a secret that is no text")
}

/// The variables that are there for a program: what is the same for all, and what its own secret holds.
fn given(objects: &[Value], program: &str) -> Vec<String> {
    let own = format!("{program}-secret");
    let is_meant = |object: &&Value| {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        match object["kind"].as_str() {
            Some("ConfigMap") => name.starts_with("ticketing-config"),
            Some("Secret") => name == own,
            _ => false,
        }
    };
    objects
        .iter()
        .filter(is_meant)
        .flat_map(|object| object["data"].as_object().into_iter().flatten())
        .map(|(name, _)| name.clone())
        .collect()
}

/// What a binary says of its variables, and whether it takes those of this environment.
fn settings(program: &str, environment: &BTreeMap<String, String>) -> Result<(Vec<Value>, Option<String>)> {
    let mut binary = Command::new(ServiceProcess::build_and_locate(program)?);
    let output =
        binary.arg("settings").env_clear().envs(environment).output().context("ask for its settings")?;
    let known = serde_json::from_slice(&output.stdout).context("read its settings")?;
    let complaint = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    Ok((known, (!output.status.success()).then_some(complaint)))
}

/// Variables that it does not know, those that it lacks, and values that it does not take. It lacks what it requires, what is
/// there for it, and whatever leads to this machine by default.
fn of_environment(
    program: &str,
    environment: &BTreeMap<String, String>,
    given: &[String],
) -> Result<Vec<String>> {
    let (known, complaint) = settings(program, environment)?;
    let names: Vec<&str> = known.iter().filter_map(|variable| variable["name"].as_str()).collect();
    let unknown = environment.keys().filter(|name| !names.contains(&name.as_str()));
    let mut wrong: Vec<String> = unknown.map(|variable| format!("it knows no variable {variable}")).collect();
    let is_local = |variable: &Value| variable["default"].as_str().is_some_and(|it| it.contains("127.0.0.1"));
    for variable in &known {
        let name = variable["name"].as_str().unwrap_or_default();
        let needed = is_local(variable) || given.iter().any(|given| given == name);
        if needed && !environment.contains_key(name) {
            let instead = variable["default"].as_str().unwrap_or("a default of its own");
            wrong.push(format!("it lacks {name}, and would take {instead}"));
        }
    }
    wrong.extend(complaint);
    Ok(wrong)
}

/// Where a program listens unless it is told otherwise.
fn port(program: &str) -> Result<u64> {
    let (known, _) = settings(program, &BTreeMap::new())?;
    let address =
        known.iter().find(|variable| variable["name"] == "HTTP_ADDR").context("it has no HTTP_ADDR")?;
    let port = address["default"].as_str().and_then(|address| address.rsplit_once(':')?.1.parse().ok());
    port.context("the default of its HTTP_ADDR has no port")
}

fn of_probes(container: &Value, listens: u64) -> Vec<String> {
    let mut wrong = Vec::new();
    let ports: Vec<&Value> = container["ports"].as_array().into_iter().flatten().collect();
    if !ports.iter().any(|port| port["containerPort"] == listens) {
        wrong.push(format!("it listens on {listens}, which is none of its ports"));
    }
    for (probe, path) in PROBES {
        let get = &container[probe]["httpGet"];
        let port = &get["port"];
        let by_name = ports.iter().any(|each| each["name"] == *port && each["containerPort"] == listens);
        if get["path"] != path || (*port != listens && !by_name) {
            wrong.push(format!("its {probe} does not ask for {path} on {listens}: {get}"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn objects() -> Vec<Value> {
        vec![
            json!({ "kind": "Secret", "metadata": { "name": "s" }, "data": { "KEY": "aHVudGVyMg==" } }),
            json!({ "kind": "ConfigMap", "metadata": { "name": "c" }, "data": { "URL": "nats://n" } }),
        ]
    }

    #[test]
    fn a_value_is_found_wherever_it_stands() {
        let container = json!({ "env": [
            { "name": "A", "value": "1" },
            { "name": "B", "valueFrom": { "secretKeyRef": { "name": "s", "key": "KEY" } } },
            { "name": "C", "valueFrom": { "configMapKeyRef": { "name": "c", "key": "URL" } } },
            { "name": "D", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } },
        ] });
        let found = environment(&objects(), &container).unwrap();
        let expected = [("A", "1"), ("B", "hunter2"), ("C", "nats://n"), ("D", "pod-1")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn a_key_that_is_not_there_is_named() {
        let container = json!({ "env": [{ "name": "B", "valueFrom": { "secretKeyRef": { "name": "s", "key": "NO" } } }] });
        let error = format!("{:#}", environment(&objects(), &container).unwrap_err());
        assert!(error.contains("B") && error.contains("Secret s") && error.contains("NO"), "{error}");
    }

    #[test]
    fn a_variable_that_is_unknown_missing_or_without_its_unit_is_told() {
        let environment = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let good =
            [("DATABASE_URL", "postgres://o:o@p/orders"), ("JWT_KEY", "k"), ("NATS_URL", "nats://n:4222")];
        assert_eq!(of_environment("orders", &environment(&good), &[]).unwrap(), [""; 0]);
        for (extra, told) in [
            (("ORDERS_WINDOW", "15m"), "ORDERS_WINDOW"),
            (("ORDER_EXPIRATION_WINDOW", "15"), "ORDER_EXPIRATION_WINDOW"),
            (("JWT_KEY", ""), "JWT_KEY"),
        ] {
            let wrong = of_environment("orders", &environment(&[&good[..], &[extra]].concat()), &[]);
            assert!(wrong.unwrap().join("\n").contains(told), "{extra:?}");
        }
        let lacking = |pairs: &[(&str, &str)], given: &[&str]| {
            let given: Vec<String> = given.iter().map(|name| (*name).to_owned()).collect();
            of_environment("orders", &environment(pairs), &given).unwrap()
        };
        assert_eq!(lacking(&good[..2], &[]), ["it lacks NATS_URL, and would take nats://127.0.0.1:4222"]);
        assert_eq!(lacking(&good, &["NATS_REPLICAS"]), ["it lacks NATS_REPLICAS, and would take 1"]);
    }

    #[test]
    fn what_is_there_for_a_program_is_in_the_shared_settings_and_in_its_own_secret() {
        let object = |kind: &str, name: &str, key: &str| json!({ "kind": kind, "metadata": { "name": name }, "data": { key: "x" } });
        let objects = [
            object("ConfigMap", "ticketing-config-abc", "SHARED"),
            object("ConfigMap", "nats-config-abc", "OTHER"),
            object("Secret", "orders-secret", "OWN"),
            object("Secret", "auth-secret", "FOREIGN"),
        ];
        assert_eq!(given(&objects, "orders"), ["SHARED", "OWN"]);
    }

    #[test]
    fn a_pod_that_is_killed_before_it_has_drained_is_told() {
        let container = json!({ "lifecycle": { "preStop": { "sleep": { "seconds": 15 } } } });
        let environment = BTreeMap::from([("SHUTDOWN_TIMEOUT".to_owned(), "20s".to_owned())]);
        for (grace, told) in [(45, false), (35, true), (30, true)] {
            let pod = json!({ "terminationGracePeriodSeconds": grace });
            let said = of_the_end(&pod, &container, &environment).unwrap();
            assert_eq!(said.is_some(), told, "{said:?}");
        }
    }

    #[test]
    fn a_port_or_a_probe_that_is_not_the_codes_is_told() {
        let probe = |path: &str| json!({ "httpGet": { "path": path, "port": "http" } });
        let container = |port: u64, live: &str| {
            json!({
                "ports": [{ "name": "http", "containerPort": port }],
                "startupProbe": probe("/livez"), "livenessProbe": probe(live), "readinessProbe": probe("/readyz"),
            })
        };
        assert_eq!(of_probes(&container(3_000, "/livez"), 3_000), [""; 0]);
        assert_eq!(of_probes(&container(3_000, "/healthz"), 3_000).len(), 1);
        assert_eq!(of_probes(&container(8_080, "/livez"), 3_000).len(), 4);
    }
}
