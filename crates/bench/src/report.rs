//! The table: a row for each case, a column for each contender, and what the servers alone can do.

use std::fmt::Write as _;

use crate::{
    contender::Contender,
    results::{Row, Run},
    sample::{LIMIT, Sample},
    stats,
    text::{figure, span},
};

/// Prints to stdout, where a machine may read it.
#[expect(clippy::print_stdout, reason = "the result of a command")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// The medians of a run, in Markdown.
pub(crate) fn table(run: &Run) -> String {
    let mut table = String::from(
        "| | case | fleet | Bull 4 | BullMQ 6 | NATS `@at` | share of the servers' own rate |\n|---|---|---|---|---|---|---|\n",
    );
    let mut cases: Vec<(&str, &str)> = Vec::new();
    let before = Contender::Before.name();
    for row in run.medians.iter().filter(|row| ![LIMIT, before].contains(&row.contender)) {
        if !cases.contains(&(row.workload, &row.case)) {
            cases.push((row.workload, &row.case));
        }
    }
    for (workload, case) in cases {
        let of = |contender: &str| {
            run.medians
                .iter()
                .find(|row| (row.workload, row.case.as_str(), row.contender) == (workload, case, contender))
        };
        let cells = Contender::ALL.map(|contender| of(contender.name()).map(cell).unwrap_or_default());
        let share = of(Contender::Fleet.name()).and_then(|row| share(run, row)).unwrap_or_default();
        let _ = writeln!(table, "| {workload} | {case} | {} | {share} |", cells.join(" | "));
    }
    for row in run.medians.iter().filter(|row| row.contender == before) {
        let _ = writeln!(
            table,
            "\n{}, {}: the other build {}{}",
            row.workload,
            row.case,
            cell(row),
            gain(run, row)
        );
    }
    for missing in &run.missing {
        let _ = writeln!(table, "\n{missing}");
    }
    table
}

/// What matters of one case.
fn cell(row: &Row) -> String {
    let number = |name: &str| row.figures.get(name).copied();
    let shown = |name: &str| number(name).map(figure);
    let mut parts: Vec<String> = Vec::new();
    parts.extend(shown("per_second").map(|rate| format!("{rate}/s")));
    if row.workload == "burst" || row.workload == "chain" {
        parts.extend(number("p99_ms").map(|ms| format!("p99 {}", span(ms))));
    } else if let (Some(p50), Some(p99), Some(p999), Some(max)) =
        (number("p50_ms"), number("p99_ms"), number("p999_ms"), number("max_ms"))
        && row.workload != "replicas"
    {
        let all = [p50, p99, p999, max].map(span).join(" / ");
        parts.push(if row.workload == "mixed" { format!("fresh: {all}") } else { all });
    }
    parts.extend(shown("redis_bytes").map(|bytes| format!("{bytes} B a job")));
    parts.extend(shown("rss_mb").map(|mb| format!("worker {mb} MB")));
    if row.workload == "memory" {
        parts.extend(shown("cpu_percent").map(|percent| format!("{percent} % of a core")));
    }
    parts.extend(shown("job_us").map(|us| format!("{us} µs a job")));
    if row.workload == "growth" {
        parts.extend(shown("redis_us").map(|us| format!("{us} µs of it in Redis")));
    }
    parts.extend(shown("page_kb").map(|kb| format!("{kb} KB a page")));
    parts.extend(shown("page_us").map(|us| format!("{us} µs of a core a page")));
    parts
        .extend(shown("viewers_cpu_percent").map(|percent| format!("{percent} % of a core for the viewers")));
    parts.extend(number("redis_longest_ms").map(|ms| format!("Redis kept for at most {}", span(ms))));
    parts.extend(shown("redis_slow").map(|slow| format!("{slow} of 2 ms or more")));
    parts.extend(number("rebuild_s").map(|s| format!("the schedule again after {}", span(s * 1e3))));
    parts.extend(number("ready_ms").map(span));
    parts.extend(number("reserved_ms").map(|ms| format!("all reserved after {}", span(ms))));
    if let (Some(early), Some(late)) = (shown("rss_mb_early"), shown("rss_mb_late")) {
        parts.push(format!("worker {early} MB, and {late} MB in the end"));
    }
    if let Some(swept) = number("swept").filter(|swept| *swept > 0.0) {
        parts.push(format!("{} swept", figure(swept)));
    }
    parts.join(", ")
}

/// What this build's rate is of the other one's, the median over the rounds of what each round had: the machine changes more
/// between two rounds than within one.
fn gain(run: &Run, before: &Row) -> String {
    let rate = |contender: &str, round: usize| {
        let same = |sample: &&Sample| {
            (sample.workload, &sample.case, sample.contender, sample.round)
                == (before.workload, &before.case, contender, round)
        };
        run.samples.iter().find(same).and_then(Sample::rate)
    };
    let ratios: Vec<f64> = (1..=run.rounds)
        .filter_map(|round| Some(rate(Contender::Fleet.name(), round)? / rate(before.contender, round)?))
        .collect();
    if ratios.is_empty() {
        String::new()
    } else {
        format!("; this one is {:.3} of it", stats::median(&ratios))
    }
}

/// How much of the broker's own rate in the same run the fleet reaches.
fn share(run: &Run, fleet: &Row) -> Option<String> {
    let limit = run.medians.iter().find(|row| row.workload == fleet.workload && row.contender == LIMIT)?;
    let (rate, most) = (fleet.figures.get("per_second")?, limit.figures.get("per_second")?);
    Some(format!("{:.0} % of {}/s", 100.0 * rate / most, figure(*most)))
}
