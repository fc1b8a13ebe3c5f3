//! `cargo xtask configuration`: the table of variables in the documentation, from what each binary says of itself.

use std::{collections::BTreeMap, fs, process::Command};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use testkit::{ServiceProcess, paths};

use crate::generated::Generated;

/// The file that has the table between [`BEGIN`] and [`END`].
pub(crate) const FILE: Generated =
    Generated { file: "docs/CONFIGURATION.md", command: "cargo xtask configuration", text };

const BEGIN: &str = "<!-- Written by `cargo xtask configuration`: change it in the code. -->\n";
const END: &str = "<!-- The end of what is written. -->\n";

/// Whose settings there are, in the order in which the table has them.
const PROGRAMS: [&str; 8] =
    ["orders", "tickets", "payments", "expiration", "auth", "client", "console", "topology"];
/// No service: "all" does not mean it.
const COMMAND: &str = "topology";

/// What a binary says of a variable when it is called with `settings`.
#[derive(Deserialize)]
struct Variable {
    name: String,
    meaning: String,
    default: Option<String>,
    required: bool,
}

fn text() -> Result<String> {
    let path = paths::repository().join(FILE.file);
    let page = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    with_table(&page, &table(&read_all()?))
}

fn with_table(page: &str, table: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).with_context(|| format!("no line {BEGIN:?}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("no line {END:?}"))?;
    Ok(format!("{before}{BEGIN}{table}{END}{after}"))
}

fn read_all() -> Result<Vec<(&'static str, Vec<Variable>)>> {
    PROGRAMS.into_iter().map(|program| Ok((program, read(program)?))).collect()
}

fn read(program: &str) -> Result<Vec<Variable>> {
    let mut binary = Command::new(ServiceProcess::build_and_locate(program)?);
    let output = binary.arg("settings").env_clear().output().context("ask for its settings")?;
    let variables: Vec<Variable> =
        serde_json::from_slice(&output.stdout).with_context(|| format!("read the settings of {program}"))?;
    ensure!(!variables.is_empty(), "{program} reads no variable");
    Ok(variables)
}

fn table(programs: &[(&str, Vec<Variable>)]) -> String {
    let mut readers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut rows: Vec<&Variable> = Vec::new();
    for (program, variables) in programs {
        for variable in variables {
            let readers = readers.entry(&variable.name).or_default();
            if readers.is_empty() {
                rows.push(variable);
            }
            readers.push(program);
        }
    }
    let mut table = String::from("\n| variable | read by | default | meaning |\n|---|---|---|---|\n");
    for row in rows {
        let services = programs.iter().filter(|(program, _)| *program != COMMAND).count();
        let of_services = readers[row.name.as_str()].iter().filter(|reader| **reader != COMMAND).count();
        let by =
            if of_services == services { "all".to_owned() } else { readers[row.name.as_str()].join(", ") };
        let default = match (&row.default, row.required) {
            (Some(default), _) => format!("`{default}`"),
            (None, true) => "none: required".to_owned(),
            (None, false) => "none".to_owned(),
        };
        table += &format!("| `{}` | {by} | {default} | {} |\n", row.name, row.meaning);
    }
    table + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, default: Option<&str>, required: bool) -> Variable {
        let meaning = "something".to_owned();
        Variable { name: name.to_owned(), meaning, default: default.map(str::to_owned), required }
    }

    #[test]
    fn a_variable_has_one_row_that_names_who_reads_it() {
        let programs = [
            ("orders", vec![variable("BOTH", Some("1"), false), variable("KEY", None, true)]),
            ("auth", vec![variable("BOTH", Some("1"), false), variable("MAY", None, false)]),
            ("topology", vec![variable("KEY", None, true)]),
        ];
        let rows = [
            "| `BOTH` | all | `1` | something |",
            "| `KEY` | orders, topology | none: required | something |",
            "| `MAY` | auth | none | something |",
        ];
        let table = table(&programs);
        assert_eq!(table.lines().skip(3).take(3).collect::<Vec<_>>(), rows);
    }

    #[test]
    fn the_page_around_the_table_stays_and_a_page_without_a_place_for_it_is_refused() {
        let page = format!("before\n{BEGIN}old\n{END}after\n");
        assert_eq!(with_table(&page, "new\n").unwrap(), format!("before\n{BEGIN}new\n{END}after\n"));
        for wrong in ["before\n", BEGIN] {
            assert!(with_table(wrong, "new\n").unwrap_err().to_string().starts_with("no line"));
        }
    }
}
