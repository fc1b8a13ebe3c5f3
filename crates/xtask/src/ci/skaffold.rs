//! `skaffold.yaml` and each of its profiles: every field is one that skaffold knows, every image is built and every port
//! that is forwarded is there.
//!
//! Skaffold's own schema is in no package registry; the workflow `ci` holds the file against it, and `schema` has what of it is
//! used here.

mod schema;

use common::Service;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use anyhow::{Context, Result, ensure};
use json_patch::{Patch, patch};

use serde_json::{Map, Value};
use testkit::paths;

use self::schema::{API_VERSION, Artifact, Config, Forward, Forwarded};
use super::{drift, manifests, say, yaml};

const FILE: &str = "skaffold.yaml";
const OVERLAYS: &str = "infra/k8s/overlays";

/// Reads the file as it is and as each profile makes it, and holds it against the overlays and the Dockerfile.
pub(super) fn check() -> Result<()> {
    let mut documents = yaml::documents(&paths::repository().join(FILE))?;
    ensure!(documents.len() == 1, "{FILE} holds {} documents and not one", documents.len());
    let variants = variants(documents.remove(0))?;
    let overlays: BTreeMap<String, Vec<Value>> = manifests::render_all()?
        .into_iter()
        .map(|(name, file)| Ok((format!("{OVERLAYS}/{name}"), yaml::documents(&file)?)))
        .collect::<Result<_>>()?;
    let dockerfile =
        fs::read_to_string(paths::repository().join("Dockerfile")).context("read the Dockerfile")?;
    let count = variants.len();
    for (name, value) in variants {
        let config = read(value).with_context(|| format!("{FILE}, {name}"))?;
        let wrong = wrong(&config, &overlays, &dockerfile);
        ensure!(wrong.is_empty(), "{FILE}, {name}:\n{}", wrong.join("\n"));
    }
    say(&format!("{FILE}: {count} variants build, deploy and forward what is there"));
    Ok(())
}

fn read(value: Value) -> Result<Config> {
    let config: Config = serde_json::from_value(value)?;
    ensure!(
        config.api_version == API_VERSION,
        "these types are of {API_VERSION}, and not of {}",
        config.api_version
    );
    ensure!(config.kind == "Config", "the kind is {} and not Config", config.kind);
    Ok(config)
}

/// The file without its profiles, and with each: its sections take the place of the file's, and its patches are applied.
fn variants(mut base: Value) -> Result<Vec<(String, Value)>> {
    let profiles = base.as_object_mut().and_then(|config| config.remove("profiles")).unwrap_or_default();
    let mut variants = vec![("no profile".to_owned(), base.clone())];
    for profile in profiles.as_array().into_iter().flatten() {
        let mut profile = profile.as_object().cloned().context("a profile is no object")?;
        let name = profile.remove("name").and_then(|name| name.as_str().map(str::to_owned));
        let name = format!("profile {}", name.context("a profile has no name")?);
        let patches: Patch = match profile.remove("patches") {
            Some(patches) => serde_json::from_value(patches).with_context(|| name.clone())?,
            None => Patch::default(),
        };
        let mut config = base.clone();
        replace(&mut config, profile).with_context(|| name.clone())?;
        patch(&mut config, &patches).with_context(|| name.clone())?;
        variants.push((name, config));
    }
    Ok(variants)
}

fn replace(config: &mut Value, sections: Map<String, Value>) -> Result<()> {
    for (section, fields) in sections {
        let here = config.get_mut(&section).and_then(Value::as_object_mut);
        let (here, Value::Object(fields)) = (here.with_context(|| format!("{section} is new"))?, fields)
        else {
            anyhow::bail!("{section} is no object");
        };
        here.extend(fields);
    }
    Ok(())
}

fn wrong(config: &Config, overlays: &BTreeMap<String, Vec<Value>>, dockerfile: &str) -> Vec<String> {
    let mut objects = Vec::new();
    let mut wrong = Vec::new();
    for path in &config.manifests.kustomize.paths {
        match overlays.get(path) {
            Some(more) => objects.extend(more),
            None => wrong.push(format!("there is no overlay {path}")),
        }
    }
    wrong.extend(wrong_images(&config.build.artifacts, &objects));
    wrong.extend(config.build.artifacts.iter().flat_map(|artifact| wrong_build(artifact, dockerfile)));
    wrong.extend(config.port_forward.iter().filter_map(|forward| wrong_forward(forward, &objects)));
    let locals: BTreeSet<u16> = config.port_forward.iter().map(|forward| forward.local_port).collect();
    if locals.len() < config.port_forward.len() {
        wrong.push("two ports are forwarded to the same one".to_owned());
    }
    wrong
}

/// Every image of ours that is deployed is built, and no other.
fn wrong_images(artifacts: &[Artifact], objects: &[&Value]) -> Vec<String> {
    let built: BTreeSet<&str> = artifacts.iter().map(|artifact| artifact.image.as_str()).collect();
    let deployed: BTreeSet<&str> = objects.iter().flat_map(|object| images(object)).collect();
    let missing = deployed.difference(&built).map(|image| format!("{image} is deployed and not built"));
    let idle = built.difference(&deployed).map(|image| format!("{image} is built and not deployed"));
    missing.chain(idle).collect()
}

/// Our images in an object, without their tags.
fn images(object: &Value) -> Vec<&str> {
    match object {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value.as_str() {
                Some(image) if name == "image" && image.starts_with("ticketing/") => {
                    vec![image.split(':').next().unwrap_or(image)]
                }
                _ => images(value),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(images).collect(),
        _ => Vec::new(),
    }
}

fn wrong_build(artifact: &Artifact, dockerfile: &str) -> Vec<String> {
    let Artifact { image, docker, sync } = artifact;
    let mut wrong = Vec::new();
    let programs = Service::OURS.map(Service::as_str);
    let service = docker.build_args.get("SERVICE").map_or("", String::as_str);
    if docker.dockerfile != "Dockerfile" || *image != format!("ticketing/{service}") {
        wrong.push(format!("{image} is built of {} with SERVICE={service}", docker.dockerfile));
    }
    if !programs.contains(&service) && service != drift::COMMAND {
        wrong.push(format!("{image}: there is no program {service}"));
    }
    if let Some(target) = &docker.target
        && !dockerfile
            .lines()
            .any(|line| line.starts_with("FROM ") && line.ends_with(&format!(" AS {target}")))
    {
        wrong.push(format!("{image}: the Dockerfile has no target {target}"));
    }
    for rule in sync.iter().flat_map(|sync| &sync.manual) {
        // Up to the first wildcard.
        let directory: PathBuf = rule.src.split('/').take_while(|part| !part.contains('*')).collect();
        if !paths::repository().join(&directory).is_dir() {
            wrong.push(format!("{image}: {} matches nothing", rule.src));
        }
        if !dockerfile.lines().any(|line| line == format!("WORKDIR {}", rule.dest)) {
            wrong.push(format!("{image}: the Dockerfile works nowhere in {}", rule.dest));
        }
    }
    wrong
}

fn wrong_forward(forward: &Forward, objects: &[&Value]) -> Option<String> {
    let Forward { resource_type, resource_name, namespace, port, .. } = forward;
    let (kind, ports) = match resource_type {
        Forwarded::Service => ("Service", "/spec/ports"),
        Forwarded::Deployment => ("Deployment", "/spec/template/spec/containers/0/ports"),
    };
    let found = objects.iter().find(|object| {
        object["kind"] == kind
            && object["metadata"]["name"] == resource_name.as_str()
            && object["metadata"]["namespace"] == namespace.as_str()
    });
    let Some(found) = found else {
        return Some(format!("there is no {kind} {resource_name} in {namespace} to forward"));
    };
    let ports = found.pointer(ports).and_then(Value::as_array).into_iter().flatten();
    let has = ports.into_iter().any(|each| each["port"] == *port || each["containerPort"] == *port);
    (!has).then(|| format!("{kind} {resource_name} has no port {port}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config() -> Value {
        json!({
            "apiVersion": API_VERSION,
            "kind": "Config",
            "metadata": { "name": "x" },
            "build": {
                "local": { "useBuildkit": true, "concurrency": 1 },
                "tagPolicy": { "inputDigest": {} },
                "artifacts": [{
                    "image": "ticketing/orders",
                    "docker": { "dockerfile": "Dockerfile", "buildArgs": { "SERVICE": "orders" } },
                }],
            },
            "manifests": { "kustomize": { "paths": ["infra/k8s/overlays/dev"] } },
            "deploy": { "statusCheckDeadlineSeconds": 1, "kubectl": {} },
            "portForward": [{
                "resourceType": "service", "resourceName": "orders-srv", "namespace": "n", "port": 3000, "localPort": 1,
            }],
            "profiles": [{ "name": "hot", "patches": [
                { "op": "add", "path": "/build/artifacts/0/docker/target", "value": "hot" },
            ] }],
        })
    }

    fn overlays() -> BTreeMap<String, Vec<Value>> {
        let objects = vec![
            json!({ "kind": "Deployment", "spec": { "containers": [{ "image": "ticketing/orders:1" }, { "image": "nats:2" }] } }),
            json!({ "kind": "Service", "metadata": { "name": "orders-srv", "namespace": "n" },
                    "spec": { "ports": [{ "port": 3000 }] } }),
        ];
        BTreeMap::from([("infra/k8s/overlays/dev".to_owned(), objects)])
    }

    /// What is wrong with the file without its profiles after a change at `pointer`.
    fn after(pointer: &str, value: Value) -> String {
        let mut changed = config();
        changed["profiles"] = json!([]);
        *changed.pointer_mut(pointer).unwrap() = value;
        wrong(&read(variants(changed).unwrap().remove(0).1).unwrap(), &overlays(), "WORKDIR /src").join("\n")
    }

    #[test]
    fn what_fits_is_accepted_with_and_without_a_profile() {
        for (name, value) in variants(config()).unwrap() {
            let dockerfile = "FROM x AS hot\nWORKDIR /src";
            assert_eq!(wrong(&read(value).unwrap(), &overlays(), dockerfile), [""; 0], "{name}");
        }
    }

    #[test]
    fn a_field_that_skaffold_does_not_know_is_named() {
        let mut changed = config();
        changed["build"]["local"]["useBuildKit"] = true.into();
        let error = read(variants(changed).unwrap().remove(0).1).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("useBuildKit"), "{error}");
    }

    #[test]
    fn what_does_not_fit_the_overlay_or_the_dockerfile_is_told() {
        for (pointer, value, told) in [
            ("/manifests/kustomize/paths/0", json!("infra/k8s/overlays/de"), "there is no overlay"),
            ("/build/artifacts", json!([]), "ticketing/orders is deployed and not built"),
            (
                "/build/artifacts/0/image",
                json!("ticketing/order"),
                "ticketing/order is built and not deployed",
            ),
            ("/build/artifacts/0/docker/buildArgs/SERVICE", json!("auth"), "with SERVICE=auth"),
            ("/portForward/0/port", json!(3001), "has no port 3001"),
            ("/portForward/0/resourceName", json!("order-srv"), "there is no Service order-srv"),
        ] {
            let wrong = after(pointer, value);
            assert!(wrong.contains(told), "{pointer}: {wrong}");
        }
        let hot = variants(config()).unwrap().remove(1).1;
        let wrong = wrong(&read(hot).unwrap(), &overlays(), "FROM x AS cold");
        assert_eq!(wrong, ["ticketing/orders: the Dockerfile has no target hot"]);
    }

    #[test]
    fn a_patch_that_does_not_fit_names_its_profile() {
        let mut changed = config();
        changed["profiles"][0]["patches"][0]["path"] = "/build/artifacts/7/docker/target".into();
        assert!(format!("{:#}", variants(changed).unwrap_err()).contains("profile hot"));
    }
}
