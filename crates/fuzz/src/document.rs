//! The document itself: whether it is OpenAPI, by the validator of those who write it down in JSON Schema.

use std::{io::Write as _, process::Command};

use anyhow::{Context, Result, ensure};

use super::target::Target;
use testkit::wheels;

const PACKAGE: &str = "openapi-spec-validator";
const VERSION: &str = "0.9.0";

/// Fetches the document from the service and validates it.
///
/// # Errors
/// When it is not there, or with what is wrong about it.
pub(super) async fn validate(target: &Target) -> Result<()> {
    let packages = wheels::fetch(PACKAGE, VERSION)?;
    let (status, document) =
        testkit::http_get(target.port, &format!("{}/openapi.json", target.prefix)).await?;
    ensure!(status == 200, "{}: {status}", target.document_url());
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
    ensure!(output.status.success(), "{} is no valid OpenAPI document:\n{said}", target.document_url());
    Ok(())
}
