//! The part of `skaffold/v4beta13` that is used here: types that take no field besides.

#![expect(dead_code, reason = "a field that is only read to know that it is one of skaffold's")]

use std::collections::BTreeMap;

use serde::Deserialize;

pub(super) const API_VERSION: &str = "skaffold/v4beta13";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Config {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) metadata: Metadata,
    pub(super) build: Build,
    pub(super) manifests: Manifests,
    pub(super) deploy: Deploy,
    pub(super) port_forward: Vec<Forward>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metadata {
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Build {
    pub(super) local: Local,
    pub(super) tag_policy: TagPolicy,
    #[serde(default)]
    pub(super) artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Local {
    #[serde(default)]
    pub(super) push: bool,
    pub(super) use_buildkit: bool,
    pub(super) concurrency: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) enum TagPolicy {
    InputDigest {},
    GitCommit { variant: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Artifact {
    pub(super) image: String,
    pub(super) docker: Docker,
    pub(super) sync: Option<Sync>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Docker {
    pub(super) dockerfile: String,
    pub(super) target: Option<String>,
    pub(super) build_args: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sync {
    pub(super) manual: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) src: String,
    pub(super) dest: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifests {
    pub(super) kustomize: Kustomize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kustomize {
    pub(super) paths: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Deploy {
    pub(super) status_check_deadline_seconds: u32,
    pub(super) kubectl: Kubectl,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kubectl {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Forward {
    pub(super) resource_type: Forwarded,
    pub(super) resource_name: String,
    pub(super) namespace: String,
    pub(super) port: u16,
    pub(super) local_port: u16,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Forwarded {
    Service,
    Deployment,
}
