//! The Kubernetes manifests render, and are what the API server of the oldest and of the newest version would take.

use std::{
    fs,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use testkit::{layout, wheels};

use super::{here, line, say, tools};

const DIRECTORY: &str = "infra/k8s";

/// The oldest has the `sleep` hook that orders-depl.yaml uses; the newest is what the checker knows.
const KUBERNETES_VERSIONS: [&str; 2] = ["1.30", "1.37"];

/// Renders the manifests and checks every object of them strictly: a field that is misspelt is an error.
pub(super) fn check() -> Result<()> {
    validate(&render()?)
}

fn render() -> Result<Vec<u8>> {
    let mut kubectl = here(Command::new(tools::KUBECTL.locate()?));
    kubectl.args(["kustomize", DIRECTORY]);
    say(&format!("$ {}", line(&kubectl)));
    let output = kubectl.stderr(Stdio::inherit()).output().context("cannot start kubectl")?;
    ensure!(output.status.success(), "`{}` failed: {}", line(&kubectl), output.status);
    Ok(output.stdout)
}

fn validate(manifests: &[u8]) -> Result<()> {
    let packages = wheels::fetch("kubernetes-validate", "1.37.0")?;
    // A file, because the checker reads its input once for each version.
    let file = layout::dev().join("manifests.yaml");
    fs::write(&file, manifests).with_context(|| format!("write {}", file.display()))?;
    let mut checker = here(Command::new("python3"));
    checker.args(["-m", "kubernetes_validate", "--strict"]);
    checker.args(KUBERNETES_VERSIONS.iter().flat_map(|version| ["--kubernetes-version", version]));
    checker.arg(&file).env("PYTHONPATH", packages);
    say(&format!("$ {}", line(&checker)));
    let output =
        checker.stderr(Stdio::inherit()).output().context("cannot start python3: is it installed?")?;
    judge(&String::from_utf8_lossy(&output.stdout))?;
    ensure!(output.status.success(), "`{}` failed: {}", line(&checker), output.status);
    Ok(())
}

/// Reads the checker's verdicts. A kind that it has no schema for is only a warning to it, with exit status 0: here
/// anything but "passed" is a failure, and so is a rendering without a single object.
fn judge(said: &str) -> Result<()> {
    let (passed, rest): (Vec<&str>, Vec<&str>) =
        said.lines().filter(|line| !line.is_empty()).partition(|line| line.starts_with("INFO "));
    if !rest.is_empty() {
        bail!("{}", rest.join("\n"));
    }
    ensure!(!passed.is_empty(), "`kubectl kustomize {DIRECTORY}` rendered no object");
    say(&format!(
        "{} objects are valid on Kubernetes {}",
        passed.len() / KUBERNETES_VERSIONS.len(),
        KUBERNETES_VERSIONS.join(" and ")
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn a_kind_without_a_schema_is_a_failure() {
        let said = "INFO - passed for resource service/a against version 1.30\n\
                    WARN - Couldn't find schema for kind Servise with api version v1 for kubernetes version 1.30\n";
        let error = judge(said).unwrap_err().to_string();
        assert!(error.contains("Servise"), "{error}");
    }

    #[test]
    fn no_object_at_all_is_a_failure() {
        assert!(judge("").is_err());
    }

    #[test]
    fn passed_objects_are_accepted() {
        judge("INFO - passed for resource service/a against version 1.30\n").unwrap();
    }
}
