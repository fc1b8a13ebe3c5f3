//! Requests that are generated from a service's own document, and answers that are held against it, by Schemathesis.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::LIMIT;
use testkit::{paths, wheels};

const PACKAGE: &str = "schemathesis";
const VERSION: &str = "4.32.5";
/// What the schema allows may still be refused, such as an order of a ticket that is reserved.
/// And DELETE cancels an order, which stays there to be seen.
const WITHOUT: &str = "positive_data_acceptance,use_after_free";
/// How often a parameter has a value that means something, see [`Source::known`].
const KNOWN: f64 = 0.6;
/// The longest run, of any number of requests, without an answer that hangs.
const LONGEST_RUN: Duration = Duration::from_secs(30 * 60);

/// Whose requests they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// Somebody who is signed in, and knows ids that exist.
    User,
    /// Nobody, who guesses.
    Anonymous,
}

impl Sender {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::User => "signed in",
            Self::Anonymous => "anonymous",
        }
    }
}

/// What requests are generated from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The document.
    pub(super) document: String,
    /// What is above all its paths.
    pub(super) url: String,
    /// A table of the configuration: the credentials of [`Sender::User`].
    pub(super) credentials: String,
    /// For a parameter of the document: values that mean something.
    pub(super) known: Vec<(&'static str, Vec<String>)>,
    /// The same for a parameter of one operation alone, as the report calls it. These go before [`Self::known`].
    pub(super) known_of: BTreeMap<&'static str, Vec<Known>>,
    /// Operations that made-up requests hardly ever get right, as the report calls them: whether one was accepted says nothing.
    pub(super) hard: &'static [&'static str],
    /// Paths whose answers do not end, so that each would be waited for until it counts as too slow. They are not asked.
    pub(super) endless: &'static [&'static str],
}

/// Values that mean something for a parameter of one operation.
#[derive(Clone, Debug)]
pub(super) struct Known {
    parameter: &'static str,
    values: Vec<Value>,
    probability: f64,
}

impl Known {
    /// Beside values that are made up.
    pub(super) fn often(parameter: &'static str, values: Vec<Value>) -> Self {
        Self { parameter, values, probability: KNOWN }
    }

    /// Wherever the field is there: made-up values hardly ever get it right.
    pub(super) fn always(parameter: &'static str, value: Value) -> Self {
        Self { parameter, values: vec![value], probability: 1.0 }
    }
}

/// Fetches Schemathesis, unless it is there.
///
/// # Errors
/// When it can't be fetched.
pub(super) fn provide() -> Result<PathBuf> {
    wheels::fetch(PACKAGE, VERSION)
}

/// Sends `examples` requests to every operation of the document, and more for each limit in it, and returns how many
/// there were. The same `seed` makes the same requests.
///
/// # Errors
/// With the report, when an answer is not what the document says, is a 5xx or is slow; and when an operation was not
/// reached, because then nothing was tested.
pub(super) async fn run(source: &Source, sender: Sender, examples: u32, seed: u32) -> Result<u64> {
    let directory = tempfile::tempdir().context("make a directory for what it says")?;
    let file = |name: &str| directory.path().join(name);
    let (config, report, log) = (file("schemathesis.toml"), file("report.json"), file("log.txt"));
    let document = file("openapi.json");
    fs::write(&document, asked(source)?).context("write the document")?;
    fs::write(&config, configuration(source, sender)).context("write its configuration")?;
    let mut command = command(&config, &document, source)?;
    command.current_dir(directory.path());
    command.args(["--max-examples", &examples.to_string(), "--seed", &seed.to_string()]);
    command.arg("--report-json-path").arg(&report);
    command.stdout(File::create(&log)?).stderr(File::options().append(true).open(&log)?);
    let status = finish(command.stdin(Stdio::null()), LONGEST_RUN).await?;
    let said = || fs::read_to_string(&log).unwrap_or_default();
    ensure!(status.success(), "{PACKAGE}, {}: {status}\n{}", sender.name(), said());
    judge(&report, sender, source.hard).with_context(said)
}

/// The document, without the paths that are not asked.
fn asked(source: &Source) -> Result<String> {
    let mut document: Value = serde_json::from_str(&source.document).context("the document is not JSON")?;
    let paths = document["paths"].as_object_mut().context("the document has no paths")?;
    for path in source.endless {
        paths.remove(*path).with_context(|| format!("the document has no {path}"))?;
    }
    Ok(document.to_string())
}

fn command(config: &Path, document: &Path, source: &Source) -> Result<Command> {
    let packages = provide()?;
    let mut command = Command::new("python3");
    command
        .arg(packages.join("bin").join(PACKAGE))
        .env("PYTHONPATH", &packages)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("WEBHOOK_SECRET", platform::WEBHOOK_SECRET)
        .env("OPERATOR_TOKEN", platform::OPERATOR_TOKEN)
        .env("SCHEMATHESIS_HOOKS", paths::repository().join("crates/fuzz/src/hooks.py"))
        .arg("--config-file")
        .arg(config)
        .args(["--no-color", "run"])
        .arg(document)
        .args(["--url", &source.url])
        .args(["--checks", "all", "--exclude-checks", WITHOUT, "--continue-on-failure"])
        .args(["--generation-database", "none"])
        .args(["--max-response-time", &LIMIT.as_secs().to_string()])
        .args(["--request-timeout", &(4 * LIMIT.as_secs()).to_string()]);
    Ok(command)
}

/// The session, and values that exist beside those that are made up.
fn configuration(source: &Source, sender: Sender) -> String {
    // What one run has learnt must not steer the next.
    let mut text = String::from("[cache]\nenabled = false\n");
    if sender == Sender::Anonymous {
        return text;
    }
    let _ = writeln!(text, "{}", source.credentials);
    for (parameter, values) in &source.known {
        let _ = writeln!(text, "[dictionaries.{parameter:?}]\nvalues = {values:?}");
    }
    let bind = |parameter: &str, dictionary: &str, probability: f64| {
        format!("{parameter:?} = {{ dictionary = {dictionary:?}, probability = {probability:?} }}")
    };
    let _ = writeln!(text, "[parameters]");
    for (parameter, _) in &source.known {
        let _ = writeln!(text, "{}", bind(parameter, parameter, KNOWN));
    }
    for (operation, known) in &source.known_of {
        let name = |known: &Known| format!("{operation} {}", known.parameter);
        for known in known {
            // A list of texts and numbers is the same in JSON and in TOML.
            let _ = writeln!(text, "[dictionaries.{:?}]\nvalues = {}", name(known), json!(known.values));
        }
        let _ = writeln!(text, "[[operations]]\ninclude-name = {operation:?}\n[operations.parameters]");
        for known in known {
            let _ = writeln!(text, "{}", bind(known.parameter, &name(known), known.probability));
        }
    }
    text
}

/// A child that does not outlive its handle.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn finish(command: &mut Command, limit: Duration) -> Result<ExitStatus> {
    let begun = Instant::now();
    let mut running = Running(command.spawn().context("start python3: is it installed?")?);
    while begun.elapsed() < limit {
        if let Some(status) = running.0.try_wait()? {
            return Ok(status);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("{PACKAGE} is not done after {limit:?}")
}

/// How many requests there were; an error if they did not get anywhere.
fn judge(report: &PathBuf, sender: Sender, hard: &[&str]) -> Result<u64> {
    let report = fs::read(report).with_context(|| format!("read {}", report.display()))?;
    let report: Value = serde_json::from_slice(&report).context("its report is not JSON")?;
    let operations = &report["operations"];
    let (total, tested) = (operations["total"].as_u64(), operations["tested"].as_u64());
    ensure!(total > Some(0) && total == tested, "not every operation was tested: {operations}");
    let rates = report["valid_rates"].as_object().context("its report has no valid_rates")?;
    ensure!(
        sender == Sender::Anonymous || rates.len() as u64 == total.unwrap_or_default(),
        "not every operation has a rate: {rates:?}"
    );
    let unreached: Vec<&String> =
        rates.iter().filter(|(_, phases)| accepted(phases) == 0).map(|(operation, _)| operation).collect();
    let unreached: Vec<&String> =
        unreached.into_iter().filter(|operation| !hard.contains(&operation.as_str())).collect();
    ensure!(
        sender == Sender::Anonymous || unreached.is_empty(),
        "no request to {unreached:?} was accepted, so what they do was not tested"
    );
    report["test_cases"]["generated"].as_u64().filter(|count| *count > 0).context("there was no request")
}

/// How many requests were answered with success, in all phases.
fn accepted(phases: &Value) -> u64 {
    let phases = phases.as_object().into_iter().flat_map(|phases| phases.values());
    phases.filter_map(|phase| phase["accepted"].as_u64()).sum()
}
