//! Lighthouse's scores of the pages that a stranger sees, on its slow telephone.

use std::{fs, path::Path, process::Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::{browser, node::Node, npm, paths};
use tokio::task::spawn_blocking;

use super::table::Row;
use crate::scene::Scene;

/// It wants 22.19, and only whole versions are compared.
const OLDEST_NODE: u32 = 23;
const SOURCE: &str = "crates/testkit/npm/lighthouse";
const CATEGORIES: [&str; 4] = ["performance", "accessibility", "best-practices", "seo"];

/// The scores of `/`, and how far things jump about on it.
///
/// # Errors
/// When Lighthouse can't be fetched or run.
pub(super) async fn measure(scene: &Scene) -> Result<Vec<Row>> {
    let report = run(&format!("{}/", scene.platform.url())).await?;
    let mut rows = Vec::new();
    for category in CATEGORIES {
        let score = report["categories"][category]["score"].as_f64();
        let score = score.with_context(|| format!("Lighthouse has no score for {category}"))?;
        rows.push(Row::at_least(format!("Lighthouse, /, {category}"), (score * 100.0).round(), 100.0, ""));
    }
    let shift = report["audits"]["cumulative-layout-shift"]["numericValue"].as_f64();
    rows.push(Row::at_most("Lighthouse, /, CLS", shift.context("Lighthouse has no CLS")?, 0.0, ""));
    for audit in failed(&report) {
        paths::say(&format!("Lighthouse: {audit}"));
    }
    Ok(rows)
}

async fn run(url: &str) -> Result<Value> {
    let url = url.to_owned();
    let run = spawn_blocking(move || run_to_its_end(&url)).await;
    run.context("run Lighthouse in a thread of its own")?
}

fn run_to_its_end(url: &str) -> Result<Value> {
    let node = Node::locate(OLDEST_NODE)?;
    let root = npm::install(&node, SOURCE, "lighthouse")?;
    let out = root.join(format!("report-{}.json", std::process::id()));
    let mut lighthouse = node.node();
    lighthouse
        .arg(root.join("node_modules/lighthouse/cli/index.js"))
        .args([url, "--quiet", "--output=json", "--form-factor=mobile"])
        .arg(format!("--only-categories={}", CATEGORIES.join(",")))
        .arg("--chrome-flags=--headless --no-sandbox --disable-gpu --no-proxy-server")
        .arg(format!("--output-path={}", out.display()))
        .env("CHROME_PATH", browser::program()?)
        .stdin(Stdio::null());
    let output = lighthouse.output().context("run Lighthouse")?;
    ensure!(output.status.success(), "Lighthouse: {}", String::from_utf8_lossy(&output.stderr));
    read(&out)
}

fn read(out: &Path) -> Result<Value> {
    let text = fs::read(out).with_context(|| format!("read {}", out.display()))?;
    fs::remove_file(out).with_context(|| format!("remove {}", out.display()))?;
    serde_json::from_slice(&text).context("Lighthouse's report is JSON")
}

/// What costs a point, in its words.
fn failed(report: &Value) -> Vec<String> {
    let counted = |category: &str| {
        let audits = report["categories"][category]["auditRefs"].as_array().cloned().unwrap_or_default();
        audits.into_iter().filter(|audit| audit["weight"].as_f64().is_some_and(|weight| weight > 0.0))
    };
    let ids = CATEGORIES.iter().flat_map(|category| counted(category));
    ids.filter_map(|audit| {
        let audit = &report["audits"][audit["id"].as_str()?];
        let score = audit["score"].as_f64()?;
        (score < 1.0).then(|| format!("{} ({score})", audit["title"].as_str().unwrap_or_default()))
    })
    .collect()
}
