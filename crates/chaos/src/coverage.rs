//! The coverage table: how often each fault of each role was really in force, by phase.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    deck::{self, Cell},
    kind::Kind,
    phase::Phase,
    role::Role,
    timeline::Happened,
};

/// Counts of all episodes of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coverage {
    /// What could have been in force.
    cells: Vec<Cell>,
    in_force: BTreeMap<Cell, usize>,
    /// Asked for and never seen, with the latest reason.
    unseen: BTreeMap<(Kind, Role), (usize, String)>,
}

impl Coverage {
    /// Of these kinds of fault.
    pub(crate) fn of(kinds: &[Kind]) -> Self {
        Self { cells: deck::cells(kinds), ..Self::default() }
    }

    pub(crate) fn add(&mut self, happened: &[Happened]) {
        for fault in happened {
            let Cell { fault: kind, role, .. } = fault.injection.cell;
            if let Some(phase) = fault.in_force {
                *self.in_force.entry(Cell { fault: kind, role, phase }).or_default() += 1;
            } else if fault.asked_ms.is_some() {
                let unseen = self.unseen.entry((kind, role)).or_default();
                *unseen = (unseen.0 + 1, fault.evidence.clone());
            }
        }
    }

    /// How often a kind was in force, whoever it was about and whenever.
    fn total(&self, kind: Kind) -> usize {
        self.in_force.iter().filter(|(cell, _)| cell.fault == kind).map(|(_, count)| count).sum()
    }

    fn count(&self, cell: &Cell) -> usize {
        self.in_force.get(cell).copied().unwrap_or_default()
    }

    /// How many faults were in force in all.
    pub(crate) fn in_force(&self) -> usize {
        self.in_force.values().sum()
    }

    /// The cells in which nothing was ever in force.
    pub(crate) fn holes(&self) -> Vec<Cell> {
        self.cells.iter().filter(|cell| self.count(cell) == 0).copied().collect()
    }

    /// The kinds that were never in force.
    pub(crate) fn never(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = self.cells.iter().map(|cell| cell.fault).collect();
        kinds.dedup();
        kinds.retain(|kind| self.total(*kind) == 0);
        kinds
    }

    /// A line for each fault and role.
    pub(crate) fn table(&self) -> String {
        let mut lines =
            vec![format!("{:<24} {:<24} {:>7} {:>7} {:>9}", "fault", "role", "quiet", "burst", "recovery")];
        let mut rows: Vec<(Kind, Role)> = self.cells.iter().map(|cell| (cell.fault, cell.role)).collect();
        rows.dedup();
        for (fault, role) in rows {
            let [quiet, burst, recovery] =
                Phase::ALL.map(|phase| self.count(&Cell { fault, role, phase }).to_string());
            let unseen = self.unseen.get(&(fault, role));
            let unseen = unseen.map(|(count, why)| format!("   {count} not seen, such as: {why}"));
            lines.push(format!(
                "{:<24} {:<24} {quiet:>7} {burst:>7} {recovery:>9}{}",
                fault.name(),
                role.to_string(),
                unseen.unwrap_or_default()
            ));
        }
        lines.push(self.summary());
        lines.join("\n")
    }

    /// What the table comes to, and its holes.
    fn summary(&self) -> String {
        let holes = self.holes();
        let mut text = format!(
            "{} faults in force in {} of {} cells",
            self.in_force(),
            self.cells.len() - holes.len(),
            self.cells.len()
        );
        let never = self.never();
        if !never.is_empty() {
            let names: Vec<&str> = never.iter().map(|kind| kind.name()).collect();
            text.push_str(&format!("; never in force at all: {}", names.join(", ")));
        }
        if !holes.is_empty() {
            text.push_str(&format!("; {} holes: this run says nothing about those cells", holes.len()));
        }
        text
    }

    pub(crate) fn as_json(&self) -> Value {
        let cells: Vec<Value> =
            self.cells.iter().map(|cell| json!({ "cell": cell, "in_force": self.count(cell) })).collect();
        let unseen: Vec<Value> = self
            .unseen
            .iter()
            .map(|((fault, role), (count, why))| json!({ "fault": fault, "role": role, "count": count, "why": why }))
            .collect();
        json!({ "cells": cells, "unseen": unseen, "holes": self.holes(), "never": self.never(), "in_force": self.in_force() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    fn happened(in_force: Option<Phase>) -> Happened {
        let injection = Plan::new(1, &[Kind::RedisWiped]).injections.remove(0);
        let cell = Cell {
            fault: Kind::RedisWiped,
            role: Role::Store(crate::role::Store::Redis),
            phase: Phase::Quiet,
        };
        let injection = crate::plan::Injection { cell, ..injection };
        Happened { injection, asked_ms: Some(1), in_force, evidence: "why".to_owned(), healed_ms: None }
    }

    #[test]
    fn a_fault_counts_where_it_was_in_force_and_not_where_it_was_planned() {
        let mut coverage = Coverage::of(&[Kind::RedisWiped]);
        coverage.add(&[happened(Some(Phase::Burst)), happened(Some(Phase::Burst))]);
        assert_eq!(
            coverage.holes().iter().map(|cell| cell.phase).collect::<Vec<_>>(),
            [Phase::Quiet, Phase::Recovery]
        );
        assert_eq!(coverage.in_force(), 2);
        assert!(coverage.never().is_empty());
    }

    #[test]
    fn a_fault_that_was_only_asked_for_leaves_a_hole_and_says_why() {
        let mut coverage = Coverage::of(&[Kind::RedisWiped]);
        coverage.add(&[happened(None)]);
        assert_eq!(coverage.holes().len(), 3);
        let table = coverage.table();
        assert!(table.contains("never in force at all: redis-wiped"), "{table}");
        assert!(table.contains("1 not seen, such as: why") && table.contains("3 holes"), "{table}");
    }
}
