//! What happens in an episode, decided by its seed before anything is started.

use std::{fmt, ops::Range, time::Duration};

use common::Service;
use serde::Serialize;
use testkit::Dice;

use crate::{
    deck::{self, Cell},
    kind::Kind,
    phase::{Phase, RECOVERY},
    role::Role,
    shape::Shape,
    workload::WorkloadPlan,
};

/// Time to pay.
pub(crate) const WINDOW: Duration = Duration::from_secs(3);
/// How long people want something.
pub(crate) const LENGTH: Duration = Duration::from_secs(8);
/// No fault comes sooner: everybody has begun by then.
const FIRST: Duration = Duration::from_millis(300);
/// What healing takes, such as a process that gets ready.
const HEALING: Duration = Duration::from_millis(700);

/// What happens in an episode.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) shape: Shape,
    pub(crate) workload: WorkloadPlan,
    pub(crate) injections: Vec<Injection>,
}

/// One fault that is to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Injection {
    /// Counted from 1, the same in every subset of the plan.
    pub(crate) number: usize,
    pub(crate) cell: Cell,
    pub(crate) replicas: Replicas,
    /// Since the beginning of the workload.
    pub(crate) at: Duration,
    /// It waits instead until this one was healed, and then so long.
    pub(crate) after: Option<(usize, Duration)>,
    pub(crate) lasts: Duration,
    /// For what else is by chance.
    pub(crate) salt: u64,
}

/// Which of the two processes of a service it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Replicas {
    First,
    Second,
    Both,
}

impl Replicas {
    fn by(dice: &mut Dice) -> Self {
        *dice.pick(&[Self::First, Self::Second, Self::Both])
    }

    /// The names of the processes, such as `orders-1`.
    pub(crate) fn of(self, name: Service) -> Vec<String> {
        let numbers: &[u8] = match self {
            Self::First => &[1],
            Self::Second => &[2],
            Self::Both => &[1, 2],
        };
        numbers.iter().map(|number| format!("{name}-{number}")).collect()
    }
}

impl Plan {
    /// The one plan of this seed, of these kinds of fault.
    pub(crate) fn new(seed: u64, kinds: &[Kind]) -> Self {
        let dice = Dice::new(seed);
        let hand = deck::hand(seed, kinds);
        let workload = WorkloadPlan::new(dice.branch("workload").any(), LENGTH, WINDOW);
        let shape = hand.needs.shape(&mut dice.branch("shape"));
        let injections = Schedule::new(dice.branch("faults"), workload.bursts()).of(&hand.cells);
        Self { seed, shape, workload, injections }
    }

    /// The same with these faults alone, by their numbers.
    pub(crate) fn only(&self, numbers: &[usize]) -> Self {
        let mut plan = self.clone();
        plan.injections.retain(|injection| numbers.contains(&injection.number));
        plan
    }

    /// The same without the faults that are not possible, and on servers that the others need.
    pub(crate) fn without(&self, impossible: &[Kind]) -> Self {
        let mut plan = self.clone();
        plan.injections.retain(|injection| !impossible.contains(&injection.kind()));
        if impossible.iter().any(|kind| kind.needs().disk.is_some()) {
            plan.shape.disk = None;
        }
        plan
    }

    /// The numbers of its faults.
    pub(crate) fn numbers(&self) -> Vec<usize> {
        self.injections.iter().map(|injection| injection.number).collect()
    }
}

impl Injection {
    pub(crate) fn kind(&self) -> Kind {
        self.cell.fault
    }

    pub(crate) fn role(&self) -> Role {
        self.cell.role
    }

    fn healed(&self) -> Duration {
        self.at + self.lasts + HEALING
    }

    /// When its effect shows.
    fn strikes(&self) -> Duration {
        if self.kind().strikes_last() { self.at + self.lasts } else { self.at }
    }

    /// Lets the effect show then, and shortens what leads up to it where there is no time for it.
    fn strike_at(&mut self, instant: Duration) {
        if self.kind().strikes_last() {
            self.at = instant.saturating_sub(self.lasts).max(FIRST);
            self.lasts = instant.saturating_sub(self.at);
        } else {
            self.at = instant;
        }
    }
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cell { fault, role, .. } = self.cell;
        write!(f, "{fault} of {role}")?;
        if matches!(role, Role::Service(_) | Role::Link(..)) {
            let replicas = match self.replicas {
                Replicas::First => ", replica 1",
                Replicas::Second => ", replica 2",
                Replicas::Both => ", both replicas",
            };
            f.write_str(replicas)?;
        }
        match self.after {
            Some((other, delay)) => write!(f, " {delay:?} after {other} is healed")?,
            None => write!(f, " at {:?}", self.at)?,
        }
        write!(f, " for {:?}", self.lasts)
    }
}

/// Finds an instant for each fault, so that it comes into force in the phase that it is meant for.
struct Schedule<'a> {
    dice: Dice,
    bursts: &'a [Range<Duration>],
    placed: Vec<Injection>,
}

impl<'a> Schedule<'a> {
    fn new(dice: Dice, bursts: &'a [Range<Duration>]) -> Self {
        Self { dice, bursts, placed: Vec::new() }
    }

    fn of(mut self, cells: &[Cell]) -> Vec<Injection> {
        let (recovering, others): (Vec<Cell>, Vec<Cell>) =
            cells.iter().partition(|cell| cell.phase == Phase::Recovery);
        for cell in &others {
            let instant = self.instant(cell.phase);
            self.place(*cell, instant);
        }
        self.overlap();
        if !recovering.is_empty() && self.healed_in_time().is_empty() {
            self.place_something_to_recover_from();
        }
        for cell in recovering {
            self.place_after_another(cell);
        }
        self.placed
    }

    fn place(&mut self, cell: Cell, instant: Duration) {
        let mut lasts = self.dice.duration(cell.fault.lasts());
        if let Some(longest) = cell.fault.longest().filter(|_| self.dice.one_in(12)) {
            lasts = self.dice.duration(lasts..longest);
        }
        let mut injection = Injection {
            number: self.placed.len() + 1,
            cell,
            replicas: Replicas::by(&mut self.dice),
            at: instant,
            after: None,
            lasts,
            salt: self.dice.any(),
        };
        injection.strike_at(instant);
        self.placed.push(injection);
    }

    /// An instant in such a phase as long as nothing is healed.
    fn instant(&mut self, phase: Phase) -> Duration {
        let burst = match self.bursts {
            [] => Duration::from_secs(2)..Duration::from_secs(3),
            bursts => self.dice.pick(bursts).clone(),
        };
        let first = self.bursts.first().map_or(burst.start, |first| first.start);
        match phase {
            Phase::Burst => self.dice.duration(burst.start..burst.end),
            // Before the first burst nothing was healed yet.
            Phase::Quiet | Phase::Recovery => self.dice.duration(FIRST..first.max(FIRST * 2)),
        }
    }

    /// What would be healed shortly before another one comes is healed shortly after, so the other one does not meet a
    /// platform that recovers.
    fn overlap(&mut self) {
        let strikes: Vec<Duration> = self.placed.iter().map(Injection::strikes).collect();
        for injection in &mut self.placed {
            let ends = injection.healed();
            let disturbed = strikes.iter().filter(|at| (ends..ends + RECOVERY).contains(*at)).max().copied();
            let can_last = !injection.kind().strikes_last();
            if let (Some(until), true) = (disturbed, can_last) {
                injection.lasts = until.saturating_sub(injection.at) + Duration::from_millis(100);
            }
        }
    }

    /// The faults that are healed while there is still work, in that order.
    fn healed_in_time(&self) -> Vec<(usize, Duration)> {
        let healed = self.placed.iter().map(|injection| (injection.number, injection.healed()));
        let mut healed: Vec<_> = healed.filter(|(_, at)| *at < LENGTH - RECOVERY).collect();
        healed.sort_by_key(|(_, at)| *at);
        healed
    }

    fn place_something_to_recover_from(&mut self) {
        let role = *self.dice.pick(&Role::services());
        let fault = *self.dice.pick(&[Kind::Kill, Kind::Restart]);
        let instant = self.instant(Phase::Quiet);
        self.place(Cell { fault, role, phase: Phase::Quiet }, instant);
        if let Some(injection) = self.placed.last_mut() {
            injection.lasts = injection.lasts.min(LENGTH / 4);
        }
    }

    /// Begins while the platform recovers from the one that is healed first.
    fn place_after_another(&mut self, cell: Cell) {
        let before = self.healed_in_time();
        // Now and then it is the second.
        let place = usize::from(before.len() > 1 && self.dice.one_in(3));
        let Some(other) = before.get(place) else { return };
        let delay = self.dice.duration(Duration::ZERO..RECOVERY * 3 / 4);
        self.place(cell, other.1 + delay);
        if let Some(injection) = self.placed.last_mut() {
            injection.at = other.1 + delay;
            if cell.fault.strikes_last() {
                // Its effect has to show while the platform still recovers.
                injection.lasts = injection.lasts.min(RECOVERY - delay).max(Duration::from_millis(300));
            }
            injection.after = Some((other.0, delay));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_seed_has_the_same_plan_and_another_seed_another() {
        for seed in [0, 1, 77, u64::MAX] {
            assert_eq!(Plan::new(seed, &Kind::ALL), Plan::new(seed, &Kind::ALL));
        }
        assert_ne!(Plan::new(1, &Kind::ALL).injections, Plan::new(2, &Kind::ALL).injections);
    }

    #[test]
    fn every_fault_of_every_role_in_every_phase_is_planned_within_one_round_of_seeds() {
        let round = deck::hands(&Kind::ALL) as u64;
        let planned: HashSet<Cell> = (0..round)
            .flat_map(|seed| Plan::new(seed, &Kind::ALL).injections)
            .map(|injection| injection.cell)
            .collect();
        for cell in deck::cells(&Kind::ALL) {
            assert!(planned.contains(&cell), "{cell:?} is in no plan");
        }
    }

    #[test]
    fn a_fault_is_planned_within_its_phase() {
        for seed in 0..200 {
            let plan = Plan::new(seed, &Kind::ALL);
            for injection in &plan.injections {
                let strikes = injection.strikes();
                let in_burst = plan.workload.bursts().iter().any(|burst| burst.contains(&strikes));
                match injection.cell.phase {
                    Phase::Recovery => assert!(injection.after.is_some(), "seed {seed}: {injection}"),
                    Phase::Burst => assert!(in_burst, "seed {seed}: {injection}"),
                    Phase::Quiet => assert!(!in_burst, "seed {seed}: {injection}"),
                }
                assert!(injection.at >= FIRST, "seed {seed}: {injection}");
            }
        }
    }

    #[test]
    fn what_recovers_has_something_before_it_to_recover_from() {
        for seed in 0..200 {
            let plan = Plan::new(seed, &Kind::ALL);
            for injection in &plan.injections {
                if let Some((other, _)) = injection.after {
                    assert!(other < injection.number && plan.numbers().contains(&other), "seed {seed}");
                }
            }
        }
    }

    #[test]
    fn a_subset_keeps_the_numbers_and_the_times() {
        let plan = Plan::new(5, &Kind::ALL);
        let last = *plan.numbers().last().unwrap();
        let subset = plan.only(&[last]);
        assert_eq!(subset.injections.len(), 1);
        assert_eq!(subset.injections.first(), plan.injections.last());
        assert_eq!(subset.workload, plan.workload);
    }
}
