//! The document itself: whether it is OpenAPI, by the validator of those who write it down in JSON Schema.

use std::{io::Write as _, path::PathBuf};

use anyhow::{Context, Result, ensure};

use testkit::wheels;
use tokio::process::Command;

const PACKAGE: &str = "openapi-spec-validator";
const VERSION: &str = "0.9.0";

/// Fetches the validator, unless it is there.
///
/// # Errors
/// When it can't be fetched.
pub(super) fn provide() -> Result<PathBuf> {
    wheels::fetch(PACKAGE, VERSION)
}

/// Validates a document, which is called `name` if something is wrong about it.
///
/// # Errors
/// What is wrong about it.
pub(super) async fn validate(name: &str, document: &str) -> Result<()> {
    let packages = provide()?;
    let mut file =
        tempfile::Builder::new().suffix(".json").tempfile().context("make a file for the document")?;
    file.write_all(document.as_bytes()).context("write the document")?;
    let output = Command::new("python3")
        .args(["-m", "openapi_spec_validator"])
        .arg(file.path())
        .env("PYTHONPATH", &packages)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .context("start python3: is it installed?")?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{name} is no valid OpenAPI document:\n{said}");
    Ok(())
}
