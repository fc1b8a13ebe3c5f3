//! What is said in the end: a line for each item and one for all, or one JSON document.

use std::fmt;

use messaging::differences::Difference;
use serde::Serialize;

use crate::{
    item::{Item, Wanted},
    look::{Found, Look},
};

/// What became of an item that was applied.
pub(crate) enum Done {
    /// It was as wanted.
    Nothing,
    Created,
    /// What differed before.
    Changed(Vec<Difference>),
    /// What still differs, and why.
    Left(Vec<Difference>, Vec<String>),
    /// Why it could not be created.
    LeftMissing(String),
}

/// What was found of every item, and what was done.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    cluster: String,
    applied: bool,
    differs: bool,
    items: Vec<Line>,
}

/// One item. The words of `state` are part of the document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<String>,
    name: String,
    state: State,
    /// Before anything was done.
    differences: Vec<Setting>,
    /// Why it stays as it is.
    obstacles: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum State {
    AsWanted,
    Missing,
    Differs,
    Created,
    Changed,
}

#[derive(Serialize)]
struct Setting {
    setting: &'static str,
    found: String,
    wanted: String,
}

impl Report {
    /// Of a command that only looked.
    pub(crate) fn of_looks(cluster: &str, items: &[Item], looks: Vec<Look>) -> Self {
        let lines = items.iter().zip(looks).map(|(item, look)| match look {
            Look::Missing => line(item, State::Missing, Vec::new(), Vec::new()),
            Look::Found(Found { differences, obstacles, .. }) => {
                let state = if differences.is_empty() { State::AsWanted } else { State::Differs };
                line(item, state, differences, obstacles)
            }
        });
        Self::of_lines(cluster, false, lines.collect())
    }

    /// Of a command that applied.
    pub(crate) fn of_done(cluster: &str, items: &[Item], done: Vec<Done>) -> Self {
        let lines = items.iter().zip(done).map(|(item, done)| match done {
            Done::Nothing => line(item, State::AsWanted, Vec::new(), Vec::new()),
            Done::Created => line(item, State::Created, Vec::new(), Vec::new()),
            Done::Changed(differences) => line(item, State::Changed, differences, Vec::new()),
            Done::Left(differences, obstacles) => line(item, State::Differs, differences, obstacles),
            Done::LeftMissing(reason) => line(item, State::Missing, Vec::new(), vec![reason]),
        });
        Self::of_lines(cluster, true, lines.collect())
    }

    fn of_lines(cluster: &str, applied: bool, items: Vec<Line>) -> Self {
        let differs = items.iter().any(|line| matches!(line.state, State::Missing | State::Differs));
        Self { cluster: cluster.to_owned(), applied, differs, items }
    }

    /// Whether something is not as wanted now.
    pub(crate) fn differs(&self) -> bool {
        self.differs
    }

    /// One document.
    pub(crate) fn json(&self) -> String {
        // Texts and lists are always JSON.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    fn count(&self, state: State) -> usize {
        self.items.iter().filter(|line| line.state == state).count()
    }
}

fn line(item: &Item, state: State, differences: Vec<Difference>, obstacles: Vec<String>) -> Line {
    let setting = |Difference { setting, found, wanted, .. }| Setting { setting, found, wanted };
    Line {
        kind: item.kind(),
        stream: matches!(item.wanted, Wanted::Consumer(_)).then(|| item.stream.clone()),
        name: item.name.clone(),
        state,
        differences: differences.into_iter().map(setting).collect(),
        obstacles,
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        let differ = self.count(State::Missing) + self.count(State::Differs);
        match (self.applied, differ) {
            (false, 0) => write!(f, "all {} are as wanted", self.items.len()),
            (false, _) => {
                write!(
                    f,
                    "{differ} of {} differ: `topology apply` creates and changes what it can",
                    self.items.len()
                )
            }
            (true, _) => {
                let (created, changed) = (self.count(State::Created), self.count(State::Changed));
                write!(
                    f,
                    "{created} created, {changed} changed, {} were as wanted",
                    self.count(State::AsWanted)
                )?;
                if differ == 0 {
                    Ok(())
                } else {
                    write!(f, ", {differ} still differ: docs/UPGRADE.md says what can be done")
                }
            }
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::AsWanted => "as wanted",
            State::Missing => "missing",
            State::Differs => "differs",
            State::Created => "created",
            State::Changed => "changed",
        };
        write!(f, "{} {}: {state}", self.kind, self.name)?;
        for Setting { setting, found, wanted } in &self.differences {
            match self.state {
                State::Changed => write!(f, "\n  {setting} was {found}, is {wanted}")?,
                _ => write!(f, "\n  {setting} is {found}, wanted {wanted}")?,
            }
        }
        self.obstacles.iter().try_for_each(|obstacle| write!(f, "\n  stays as it is: {obstacle}"))
    }
}
