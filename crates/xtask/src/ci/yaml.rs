//! YAML, read with the parser that comes with the manifests' validator.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::wheels;

use super::here;

const TO_JSON: &str =
    "import json, sys, yaml; print(json.dumps([d for d in yaml.safe_load_all(open(sys.argv[1])) if d]))";

/// The documents of a file that are not empty.
pub(super) fn documents(file: &Path) -> Result<Vec<Value>> {
    let packages = wheels::fetch("kubernetes-validate", "1.37.0")?;
    let output = here(Command::new("python3"))
        .args(["-c", TO_JSON])
        .arg(file)
        .env("PYTHONPATH", packages)
        .output()
        .context("cannot start python3: is it installed?")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).with_context(|| format!("read {}", file.display()))
}
