//! The figures, for people and for programs.

use anyhow::{Context, Result};
use serde::Serialize;
use testkit::terminal;

/// A figure and what was promised.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) unit: &'static str,
    pub(super) promise: Promise,
}

/// Which side of a number is the good one.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Promise {
    AtMost(f64),
    AtLeast(f64),
}

impl Row {
    pub(super) fn at_most(name: impl Into<String>, value: f64, most: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, promise: Promise::AtMost(most) }
    }

    pub(super) fn at_least(name: impl Into<String>, value: f64, least: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, promise: Promise::AtLeast(least) }
    }

    /// Whether it is as was promised.
    pub(super) fn is_kept(&self) -> bool {
        match self.promise {
            Promise::AtMost(most) => self.value <= most,
            Promise::AtLeast(least) => self.value >= least,
        }
    }

    fn line(&self) -> String {
        let (word, limit) = match self.promise {
            Promise::AtMost(most) => ("at most", most),
            Promise::AtLeast(least) => ("at least", least),
        };
        let verdict = if self.is_kept() { "ok" } else { "BROKEN" };
        let Self { name, value, unit, .. } = self;
        format!("  {verdict:<6} {name:<58} {value:>9} {unit:<4} {word} {limit} {unit}", value = shown(*value))
    }
}

/// Without digits that say nothing.
fn shown(value: f64) -> String {
    if value.fract() == 0.0 || value >= 1_000.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// Prints all of it on stdout.
pub(super) fn print(rows: &[Row], json: bool) -> Result<()> {
    if json {
        terminal::write(&serde_json::to_string(rows).context("write the figures")?);
    } else {
        rows.iter().for_each(|row| terminal::write(&row.line()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_broken_by_what_is_beyond_it_and_kept_by_what_is_on_it() {
        for (row, kept) in [
            (Row::at_most("bytes", 10.0, 10.0, "B"), true),
            (Row::at_most("bytes", 10.1, 10.0, "B"), false),
            (Row::at_least("score", 100.0, 100.0, ""), true),
            (Row::at_least("score", 99.0, 100.0, ""), false),
        ] {
            assert_eq!(row.is_kept(), kept, "{row:?}");
        }
        assert!(Row::at_most("bytes", 12_345.6, 10.0, "B").line().contains("BROKEN"));
    }
}
