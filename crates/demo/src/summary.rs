//! The end of the story: how many of each, how late, and what held.

use std::collections::{HashMap, HashSet};

use common::event::Id;
use judge::{Facts, Lateness, Verdict};
use serde_json::{Value, json};

use super::text::{self, Tone};

/// The result of it all.
#[derive(Debug)]
pub(super) struct Summary {
    counts: Vec<(&'static str, usize, &'static str)>,
    lateness: Vec<(&'static str, Percentiles, &'static str)>,
    verdicts: Vec<Verdict>,
}

/// Of how late things were, in ms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Percentiles {
    count: usize,
    p50: f64,
    p99: f64,
    max: f64,
}

impl Percentiles {
    /// By nearest rank.
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let rank = |share: f64| {
            let rank = (share * values.len() as f64).ceil() as usize;
            values.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        Self { count: values.len(), p50: rank(0.5), p99: rank(0.99), max: rank(1.0) }
    }
}

impl Summary {
    pub(super) fn new(facts: &Facts, verdicts: Vec<Verdict>) -> Self {
        let rows = |reason: Option<&str>| {
            facts
                .rows
                .iter()
                .filter(|row| row.is_cancelled() && row.cancel_reason.as_deref() == reason)
                .count()
        };
        let lateness = Lateness::of(facts);
        let counts = vec![
            ("seats", facts.ticket_rows.len(), "put up for sale over HTTP"),
            ("orders", facts.rows.len(), "placed over HTTP"),
            ("complete", facts.rows.iter().filter(|row| row.is_complete()).count(), "paid in time"),
            ("cancelled", rows(Some("buyer")), "by the buyer"),
            ("extended", facts.extended.len(), "given more time by an operator"),
            ("expired", lateness.by_timer.len(), "cancelled because a timer fired"),
            ("swept", lateness.by_sweeper.len(), "cancelled by the second timer, 10 s late"),
            ("timers fired", facts.fired.len(), "expiration:complete, those of paid orders included"),
            (
                "seats freed",
                facts.tickets.iter().filter(|change| change.order_id.is_none()).count(),
                "for the next buyer",
            ),
            ("sold again", sold_again(facts), "seats that were given up and held by the next buyer"),
            ("rejected", facts.rejected.len(), "payments that came too late"),
            ("settled", facts.settled.len(), "captured for a complete order, or released"),
            ("dead letters", facts.dead_letters.len(), "that nobody can read, and nobody has replayed"),
            ("replayed", facts.record.mended.len(), "dead letters, mended by an operator"),
        ];
        let lateness = vec![
            ("timer fired", Percentiles::of(lateness.fired), "expiresAt to expiration:complete stored"),
            (
                "order expired",
                Percentiles::of(lateness.by_timer),
                "expiresAt to cancelled, where the timer fired",
            ),
            (
                "order swept",
                Percentiles::of(lateness.by_sweeper),
                "expiresAt to cancelled, by the second timer",
            ),
        ];
        Self { counts, lateness, verdicts }
    }

    pub(super) fn holds(&self) -> bool {
        self.verdicts.iter().all(Verdict::holds)
    }

    pub(super) fn as_text(&self, colour: bool) -> String {
        let mut lines = vec![String::new(), text::bold("how many", colour)];
        for (name, count, what) in &self.counts {
            lines.push(format!("  {name:<14} {:>8}  {what}", text::count(*count)));
        }
        lines.extend([
            String::new(),
            text::bold(&format!("{:<16} {:>9} {:>9} {:>9}", "how late", "p50", "p99", "max"), colour),
        ]);
        for (name, late, what) in &self.lateness {
            let of = |ms| if late.count == 0 { "-".to_owned() } else { text::span(ms) };
            let (p50, p99, max) = (of(late.p50), of(late.p99), of(late.max));
            lines.push(format!(
                "  {name:<14} {p50:>9} {p99:>9} {max:>9}  {} × {what}",
                text::count(late.count)
            ));
        }
        lines.extend([String::new(), text::bold("what must always hold", colour)]);
        for verdict in &self.verdicts {
            lines.extend(as_lines(verdict, colour));
        }
        let broken = self.verdicts.iter().filter(|verdict| !verdict.holds()).count();
        lines.push(String::new());
        lines.push(match broken {
            0 => text::paint("every invariant held", Tone::Good, colour),
            _ => text::paint(
                &format!("{broken} of {} invariants are broken", self.verdicts.len()),
                Tone::End,
                colour,
            ),
        });
        lines.join("\n")
    }

    pub(super) fn as_json(&self) -> Value {
        let counts: serde_json::Map<_, _> =
            self.counts.iter().map(|(name, count, _)| (name.replace(' ', "_"), json!(count))).collect();
        let lateness: serde_json::Map<_, _> = self
            .lateness
            .iter()
            .map(|(name, late, _)| {
                let Percentiles { count, p50, p99, max } = *late;
                (name.replace(' ', "_"), json!({ "count": count, "p50Ms": p50, "p99Ms": p99, "maxMs": max }))
            })
            .collect();
        let verdicts: Vec<_> = self
            .verdicts
            .iter()
            .map(|Verdict { invariant, claim, compared, broken }| {
                json!({
                    "invariant": invariant, "claim": claim, "holds": broken.is_empty(),
                    "compared": compared, "broken": broken,
                })
            })
            .collect();
        json!({
            "event": "summary", "holds": self.holds(), "counts": counts, "lateness": lateness, "invariants": verdicts,
        })
    }
}

/// Seats that more than one order has held.
fn sold_again(facts: &Facts) -> usize {
    let mut holders: HashMap<&Id, HashSet<&Id>> = HashMap::new();
    for change in &facts.tickets {
        holders.entry(&change.id).or_default().extend(&change.order_id);
    }
    holders.values().filter(|holders| holders.len() > 1).count()
}

fn as_lines(verdict: &Verdict, colour: bool) -> Vec<String> {
    const MOST: usize = 10;
    let (sign, tone) = if verdict.holds() { ("✔", Tone::Good) } else { ("✘", Tone::End) };
    let mut lines = vec![format!(
        "  {} {:<3} {:<37} {}",
        text::paint(sign, tone, colour),
        verdict.invariant,
        verdict.claim,
        verdict.compared
    )];
    lines.extend(verdict.broken.iter().take(MOST).map(|broken| format!("       {broken}")));
    if verdict.broken.len() > MOST {
        lines.push(format!("       and {} more", verdict.broken.len() - MOST));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let hundred = Percentiles::of((1..=100).rev().map(f64::from).collect());
        assert_eq!(hundred, Percentiles { count: 100, p50: 50.0, p99: 99.0, max: 100.0 });
        let one = Percentiles::of(vec![7.0]);
        assert_eq!(one, Percentiles { count: 1, p50: 7.0, p99: 7.0, max: 7.0 });
        assert_eq!(Percentiles::of(Vec::new()), Percentiles::default());
    }
}
