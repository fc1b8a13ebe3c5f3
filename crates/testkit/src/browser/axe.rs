//! axe-core: what keeps people from using a page.

use std::{fmt, fs, sync::OnceLock};

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use super::Page;
use crate::{node::Node, npm};

/// Only npm needs it: axe-core runs in the page.
const OLDEST_NODE: u32 = 20;

/// A rule that a page breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name, such as `color-contrast`.
    pub rule: String,
    /// What it asks for.
    pub help: String,
    /// The elements, as HTML, each with what is wrong with it.
    pub elements: Vec<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.rule, self.help, self.elements.join("; "))
    }
}

/// Rules of WCAG 2.2 up to AA and of good practice; what only a person can judge is not counted.
const RUN: &str = "axe.run(document, { resultTypes: ['violations'] }).then(result => result.violations.map(each => \
    ({ rule: each.id, help: each.help, elements: each.nodes.map(node => node.html.slice(0, 200) + ' ' + \
    node.failureSummary.replace(/\\s+/g, ' ')) })))";

impl Page {
    /// What axe-core finds; fetched from npm's registry the first time.
    ///
    /// # Errors
    /// When it can't be fetched, or the page goes away meanwhile. It needs JavaScript.
    pub async fn axe(&self) -> Result<Vec<Finding>> {
        // In one go: a page that loads itself anew in between has lost it.
        let found = self.read(&format!("{}\n;{RUN}", source()?)).await.context("run axe-core")?;
        found.as_array().context("axe-core's findings")?.iter().map(finding).collect()
    }
}

fn finding(value: &Value) -> Result<Finding> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a text of axe-core");
    let elements = value["elements"].as_array().context("the elements of a finding")?;
    Ok(Finding {
        rule: text(&value["rule"])?,
        help: text(&value["help"])?,
        elements: elements.iter().map(text).collect::<Result<_>>()?,
    })
}

fn source() -> Result<&'static str> {
    static SOURCE: OnceLock<Result<String, String>> = OnceLock::new();
    let source = SOURCE.get_or_init(|| read().map_err(|error| format!("{error:#}")));
    source.as_deref().map_err(|error| anyhow!("{error}"))
}

fn read() -> Result<String> {
    let file = npm::install(&Node::locate(OLDEST_NODE)?, "crates/testkit/npm/axe", "axe")?
        .join("node_modules/axe-core/axe.min.js");
    fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))
}
