//! What a person is told of an episode: a line of each, and all that matters of one that fails.

use std::{fmt::Write as _, time::Duration};

use serde_json::{Value, json};

use crate::{
    episode::Outcome,
    options::{Options, PATIENCE},
    plan::Plan,
    timeline::{Entry, Happened, What},
};

/// How many broken things of one invariant the terminal shows; all are in the report beside the logs.
pub(crate) const SHOWN: usize = 5;

/// One line.
pub(crate) fn line(outcome: &Outcome) -> String {
    let faults: Vec<String> = outcome.happened.iter().map(in_short).collect();
    let verdict = if outcome.holds() { "ok" } else { "BROKEN" };
    format!(
        "seed {:<6} {verdict:<6} {:>5.1} s, at rest after {:>5.1} s, {:>3} orders: {}",
        outcome.plan.seed,
        outcome.took.as_secs_f64(),
        outcome.rested.as_secs_f64(),
        outcome.orders,
        faults.join(", ")
    )
}

/// Such as `kill of orders (burst)`; in brackets the phase in which it was in force.
fn in_short(fault: &Happened) -> String {
    let (kind, role) = (fault.injection.kind(), fault.injection.role());
    match fault.in_force {
        Some(phase) => format!("{kind} of {role} ({phase})"),
        None => format!("{kind} of {role} (not seen)"),
    }
}

/// Everything about an episode that fails; of the broken things of each invariant, the first so many.
pub(crate) fn failure(outcome: &Outcome, options: &Options, shown: usize) -> String {
    let mut text = format!("episode {} is BROKEN\n", outcome.plan.seed);
    // Writing to a text never fails.
    let _ = writeln!(text, "  servers: {:?}", outcome.plan.shape);
    let _ = writeln!(text, "  work: {}", outcome.plan.workload.summary());
    for fault in &outcome.happened {
        let phase = fault
            .in_force
            .map_or_else(|| "not seen in force".to_owned(), |phase| format!("in force, {phase}"));
        let _ = writeln!(
            text,
            "  fault {}: {}; {phase}: {}",
            fault.injection.number, fault.injection, fault.evidence
        );
    }
    for verdict in outcome.verdicts.iter().filter(|verdict| !verdict.holds()) {
        let _ = writeln!(text, "  {} {}: {} broken", verdict.invariant, verdict.claim, verdict.broken.len());
        for broken in verdict.broken.iter().take(shown) {
            let _ = writeln!(text, "    {broken}");
        }
    }
    text.push_str(&timeline(outcome));
    if let Some(directory) = &outcome.kept {
        let _ = writeln!(text, "  logs, record and this report: {}", directory.display());
    }
    let _ = writeln!(text, "  again: {}", again(&outcome.plan, options));
    text
}

/// Faults, and the messages about what is broken, in the order of time.
fn timeline(outcome: &Outcome) -> String {
    let faults = outcome.entries.iter().map(|entry| (entry.at_ms, told(entry)));
    let about = outcome.about.iter().map(|(at_ms, message)| (*at_ms, message.clone()));
    let mut lines: Vec<(i64, String)> = faults.chain(about).collect();
    lines.sort();
    lines.dedup();
    let mut text = String::from("  timeline, in seconds since the work began:\n");
    for (at_ms, line) in lines {
        let seconds = Duration::from_millis(u64::try_from(at_ms - outcome.begun_ms).unwrap_or_default());
        let _ = writeln!(text, "    {:>8.3}  {line}", seconds.as_secs_f64());
    }
    text
}

fn told(entry: &Entry) -> String {
    let number = entry.fault.map(|number| format!("fault {number} ")).unwrap_or_default();
    let what = match entry.what {
        What::Asked => "asked for: ",
        What::InForce => "in force: ",
        What::NotSeen => "not seen: ",
        What::Healed => "healed",
        What::Note => "",
    };
    format!("{number}{what}{}", entry.text)
}

/// The command that plays the same episode.
pub(crate) fn again(plan: &Plan, options: &Options) -> String {
    let mut command = format!("cargo xtask chaos --seed {}", plan.seed);
    if !options.faults.is_empty() {
        let names: Vec<&str> = options.faults.iter().map(|kind| kind.name()).collect();
        let _ = write!(command, " --faults {}", names.join(","));
    }
    let numbers = plan.numbers();
    if numbers != Plan::new(plan.seed, &options.kinds()).numbers() {
        let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
        let _ = write!(command, " --only {}", numbers.join(","));
    }
    if let Some(programs) = &options.programs {
        let _ = write!(command, " --programs '{}'", programs.display());
    }
    if options.patience != PATIENCE {
        let _ = write!(command, " --patience {}", options.patience);
    }
    if options.debug_binaries {
        command.push_str(" --debug-binaries");
    }
    command
}

/// One JSON object of an episode.
pub(crate) fn as_json(outcome: &Outcome, options: &Options) -> Value {
    let verdicts: Vec<Value> = outcome
        .verdicts
        .iter()
        .map(|verdict| {
            json!({
                "invariant": verdict.invariant, "claim": verdict.claim, "holds": verdict.holds(),
                "compared": verdict.compared, "broken": verdict.broken,
            })
        })
        .collect();
    json!({
        "event": "episode",
        "seed": outcome.plan.seed,
        "holds": outcome.holds(),
        "shape": outcome.plan.shape,
        "faults": outcome.happened,
        "orders": outcome.orders,
        "seconds": outcome.took.as_secs_f64(),
        "rested_seconds": outcome.rested.as_secs_f64(),
        "verdicts": verdicts,
        "timeline": if outcome.holds() { Vec::new() } else { outcome.entries.clone() },
        "logs": outcome.kept,
        "again": again(&outcome.plan, options),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn of(arguments: &[&str]) -> String {
        let options = Options::parse_from([&["chaos"], arguments].concat());
        again(&Plan::new(7, &options.kinds()), &options)
    }

    #[test]
    fn the_command_that_plays_it_again_has_every_option_that_matters() {
        assert_eq!(of(&["--episodes", "3", "--parallel", "2"]), "cargo xtask chaos --seed 7");
        let all = ["--faults", "kill,stop", "--programs", "a b", "--patience", "9", "--debug-binaries"];
        assert_eq!(
            of(&all),
            "cargo xtask chaos --seed 7 --faults kill,stop --programs 'a b' --patience 9 --debug-binaries"
        );
        let options = Options::parse_from(["chaos"]);
        let one = Plan::new(7, &options.kinds()).only(&[2]);
        assert_eq!(again(&one, &options), "cargo xtask chaos --seed 7 --only 2");
    }
}
