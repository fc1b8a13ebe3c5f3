//! The document itself: whether it is OpenAPI, by the validator of those who write it down in JSON Schema.

use std::{io::Write as _, process::Command};

use anyhow::{Context, Result, ensure};

use testkit::wheels;

const PACKAGE: &str = "openapi-spec-validator";
const VERSION: &str = "0.9.0";

/// Validates a document, which is called `name` if something is wrong about it.
///
/// # Errors
/// What is wrong about it.
pub(super) fn validate(name: &str, document: &str) -> Result<()> {
    let packages = wheels::fetch(PACKAGE, VERSION)?;
    let mut file =
        tempfile::Builder::new().suffix(".json").tempfile().context("make a file for the document")?;
    file.write_all(document.as_bytes()).context("write the document")?;
    let output = Command::new("python3")
        .args(["-m", "openapi_spec_validator"])
        .arg(file.path())
        .env("PYTHONPATH", &packages)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .context("start python3: is it installed?")?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{name} is no valid OpenAPI document:\n{said}");
    Ok(())
}
