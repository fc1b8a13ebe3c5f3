//! The Kubernetes manifests render, are what the API servers of the oldest and of the newest version would take, and
//! pass a strict reviewer.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use messaging::topology::Topology;
use testkit::{paths, wheels};

use super::{drift, gateway, here, line, network, say, succeed, tools, yaml};
use crate::permissions;

const DIRECTORY: &str = "infra/k8s";
/// Its secrets are files that git ignores.
const PRODUCTION: &str = "production";
/// What nobody can make up for production, with values that are as good for a check.
const GIVEN: [(&str, &str); 3] = [
    ("STRIPE_SECRET_KEY", "sk_test_of-a-check"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_of-a-check"),
    ("PUBLIC_URL", "https://ticketing.dev"),
];
/// The rest, which renders as it is.
const OVERLAYS: [&str; 3] = ["dev", "stores", "hot"];
/// Production with the component that no overlay has: it is made for the check.
const WITH_PROXY: &str = "production-with-oauth2-proxy";
const PROXY: &str = "\
namespace: ticketing
resources: [../production]
components: [../../components/oauth2-proxy]
generatorOptions: { disableNameSuffixHash: true }
secretGenerator:
  - name: oauth2-proxy-secret
    literals:
      - ISSUER_URL=https://login.example.com
      - CLIENT_ID=ticketing
      - CLIENT_SECRET=of-a-check
      - REDIRECT_URL=https://operators.example.com/oauth2/callback
      - COOKIE_SECRET=of-a-check-of-a-check-of-a-check-
      - PROXY_TOKEN=of-a-check-of-a-check-of-a-check-
";
/// Those whose services are held against the binaries. `hot` has no probes that restart what is compiling.
const WITH_SERVICES: [&str; 3] = ["dev", PRODUCTION, WITH_PROXY];
/// What checkov judges. `hot` is `dev` with a compiler in it, for a laptop.
const REVIEWED: [&str; 4] = ["dev", "stores", PRODUCTION, WITH_PROXY];

/// The oldest has the `sleep` hook that the services use; the newest is what the checker knows.
const KUBERNETES_VERSIONS: [&str; 2] = ["1.30", "1.37"];

/// Renders every overlay and has it judged: a field that is misspelt is an error.
pub(super) fn check() -> Result<()> {
    permissions::FILE.check()?;
    crate::network::check()?;
    store_has_room()?;
    let rendered = render_all()?;
    for (overlay, file) in &rendered {
        validate(overlay, file)?;
    }
    for (_, file) in rendered.iter().filter(|(overlay, _)| REVIEWED.contains(overlay)) {
        review(file)?;
    }
    for (overlay, file) in rendered.iter().filter(|(overlay, _)| WITH_SERVICES.contains(overlay)) {
        let objects = yaml::documents(file)?;
        gateway::check(overlay, &objects)?;
        drift::check(overlay, &objects)?;
        network::check(overlay, &objects)?;
    }
    Ok(())
}

/// A stream that is full must refuse before the broker's store is: then its own publisher waits, and nobody else.
fn store_has_room() -> Result<()> {
    const CONFIGURATION: &str = "infra/k8s/components/nats/nats.conf";
    let text = fs::read_to_string(paths::repository().join(CONFIGURATION)).context("read nats.conf")?;
    let store =
        text.lines().find_map(|line| line.trim().strip_prefix("max_file_store: ")?.strip_suffix("GiB"));
    let store: i64 = store.and_then(|gib| gib.parse().ok()).context("nats.conf has max_file_store in GiB")?;
    let topology = Topology::new("c", 1);
    let streams: i64 =
        topology.streams().iter().chain(&topology.optional_streams()).map(|stream| stream.max_bytes).sum();
    ensure!(
        streams < store << 30,
        "{CONFIGURATION}: the streams may hold {streams} bytes, and the store has {store} GiB"
    );
    Ok(())
}

/// The rendering of each overlay, in a file.
pub(super) fn render_all() -> Result<Vec<(&'static str, PathBuf)>> {
    let directory = paths::dev().join("manifests");
    fresh_copy(&directory)?;
    let overlay = |name: &str| directory.join("overlays").join(name);
    must_refuse(&overlay(PRODUCTION), "without its secrets")?;
    let create = || {
        let mut create = here(Command::new("infra/create-secrets.sh"));
        create.arg(overlay(PRODUCTION).join("secrets")).stdout(Stdio::null());
        create
    };
    for (missing, _) in GIVEN {
        let mut without = create();
        without.envs(GIVEN).env_remove(missing).stderr(Stdio::null());
        let status = without.status().context("cannot start infra/create-secrets.sh")?;
        ensure!(!status.success(), "infra/create-secrets.sh makes up {missing}, and has to refuse");
    }
    must_refuse(&overlay(PRODUCTION), "without what nobody can make up")?;
    succeed(create().envs(GIVEN))?;
    let with_proxy = overlay(WITH_PROXY);
    fs::create_dir_all(&with_proxy).with_context(|| format!("make {}", with_proxy.display()))?;
    fs::write(with_proxy.join("kustomization.yaml"), PROXY).context("write its kustomization.yaml")?;
    let mut rendered = Vec::new();
    for name in OVERLAYS.into_iter().chain([PRODUCTION, WITH_PROXY]) {
        let text = kustomize(&overlay(name), Stdio::inherit())?
            .with_context(|| format!("the overlay {name} does not render"))?;
        let file = directory.join(format!("{name}.yaml"));
        fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
        rendered.push((name, file));
    }
    Ok(rendered)
}

fn must_refuse(overlay: &Path, how: &str) -> Result<()> {
    ensure!(
        kustomize(overlay, Stdio::null())?.is_none(),
        "the overlay {} renders {how}, and has to refuse",
        overlay.display()
    );
    Ok(())
}

/// A copy, so that the secrets which are made for the check do not replace the developer's own.
fn fresh_copy(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory).with_context(|| format!("remove {}", directory.display()))?;
    }
    succeed(here(Command::new("cp")).args(["-R", DIRECTORY]).arg(directory))?;
    for entry in fs::read_dir(directory.join("overlays").join(PRODUCTION).join("secrets"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "env") {
            fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// What the overlay comes to; `None` if it does not render.
fn kustomize(overlay: &Path, complaints: Stdio) -> Result<Option<Vec<u8>>> {
    let mut kubectl = here(Command::new(tools::KUBECTL.locate()?));
    kubectl.arg("kustomize").arg(overlay);
    say(&format!("$ {}", line(&kubectl)));
    let output = kubectl.stderr(complaints).output().context("cannot start kubectl")?;
    Ok(output.status.success().then_some(output.stdout))
}

/// What of a rendering the checker has schemas for, in a file of its own.
fn without_gateway(overlay: &str, file: &Path) -> Result<PathBuf> {
    let objects = yaml::documents(file)?;
    let known = objects.iter().filter(|object| !gateway::is_of_gateway(object));
    let documents = known.map(serde_saphyr::to_string).collect::<Result<Vec<_>, _>>()?;
    let path = file.with_file_name(format!("{overlay}-kubernetes.yaml"));
    fs::write(&path, documents.join("---\n")).with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}

fn validate(overlay: &str, file: &Path) -> Result<()> {
    let file = without_gateway(overlay, file)?;
    let packages = wheels::fetch("kubernetes-validate", "1.37.0")?;
    let mut checker = here(Command::new("python3"));
    checker.args(["-m", "kubernetes_validate", "--strict"]);
    checker.args(KUBERNETES_VERSIONS.iter().flat_map(|version| ["--kubernetes-version", version]));
    checker.arg(file).env("PYTHONPATH", packages);
    say(&format!("$ {}", line(&checker)));
    let output =
        checker.stderr(Stdio::inherit()).output().context("cannot start python3: is it installed?")?;
    judge(overlay, &String::from_utf8_lossy(&output.stdout))?;
    ensure!(output.status.success(), "`{}` failed: {}", line(&checker), output.status);
    Ok(())
}

/// Reads the checker's verdicts. A kind that it has no schema for is only a warning to it, with exit status 0: here
/// anything but "passed" is a failure, and so is a rendering without a single object.
fn judge(overlay: &str, said: &str) -> Result<()> {
    let (passed, rest): (Vec<&str>, Vec<&str>) =
        said.lines().filter(|line| !line.is_empty()).partition(|line| line.starts_with("INFO "));
    if !rest.is_empty() {
        bail!("{}", rest.join("\n"));
    }
    ensure!(!passed.is_empty(), "the overlay {overlay} rendered no object");
    say(&format!(
        "{overlay}: {} objects are valid on Kubernetes {}",
        passed.len() / KUBERNETES_VERSIONS.len(),
        KUBERNETES_VERSIONS.join(" and ")
    ));
    Ok(())
}

/// checkov, with the exceptions of `infra/checkov.yaml`, each of which has its reason there.
fn review(file: &Path) -> Result<()> {
    let packages = wheels::fetch("checkov", "3.3.30")?;
    let mut checkov = here(Command::new("python3"));
    checkov.arg(packages.join("bin/checkov")).args(["--config-file", "infra/checkov.yaml", "--file"]);
    succeed(checkov.arg(file).env("PYTHONPATH", packages))
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn a_kind_without_a_schema_is_a_failure() {
        let said = "INFO - passed for resource service/a against version 1.30\n\
                    WARN - Couldn't find schema for kind Servise with api version v1 for kubernetes version 1.30\n";
        let error = judge("dev", said).unwrap_err().to_string();
        assert!(error.contains("Servise"), "{error}");
    }

    #[test]
    fn no_object_at_all_is_a_failure() {
        assert!(judge("dev", "").is_err());
    }

    #[test]
    fn passed_objects_are_accepted() {
        judge("dev", "INFO - passed for resource service/a against version 1.30\n").unwrap();
    }
}
