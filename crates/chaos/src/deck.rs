//! Which cells of the coverage table an episode is about: fault × role × phase.
//!
//! The cells are dealt like cards. A round deals each of them once, in hands that one episode's servers can hold; seeds
//! that follow each other take the hands of a round, and then those of the next one. So every cell is reached, and as often
//! as any other, though a hand depends on nothing but the seed.

use serde::Serialize;

use testkit::Dice;

use crate::{kind::Kind, phase::Phase, role::Role, shape::Needs};

/// Faults in an episode, without those that are added so that others have something to recover from.
const HAND: usize = 4;

/// One cell of the coverage table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub(crate) struct Cell {
    pub(crate) fault: Kind,
    pub(crate) role: Role,
    pub(crate) phase: Phase,
}

/// Every cell that there is of these faults.
pub(crate) fn cells(kinds: &[Kind]) -> Vec<Cell> {
    let of = |fault: Kind| {
        let phases = move |role| Phase::ALL.map(|phase| Cell { fault, role, phase });
        fault.roles().into_iter().flat_map(phases)
    };
    kinds.iter().copied().flat_map(of).collect()
}

/// How many hands a round has.
pub(crate) fn hands(kinds: &[Kind]) -> usize {
    cells(kinds).len().div_ceil(HAND)
}

/// The cells that the episode with this seed is about, and the servers that they need.
pub(crate) fn hand(seed: u64, kinds: &[Kind]) -> Hand {
    let hands = hands(kinds).max(1) as u64;
    let mut round = deal(seed / hands, kinds);
    round.swap_remove((seed % hands) as usize)
}

/// What one episode is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hand {
    pub(crate) cells: Vec<Cell>,
    pub(crate) needs: Needs,
}

impl Hand {
    /// Takes the cell unless the hand is full, or its servers can't be those of the others.
    fn take(&mut self, cell: Cell, most: usize) -> bool {
        let twice = self.cells.iter().any(|held| (held.fault, held.role) == (cell.fault, cell.role));
        if self.cells.len() >= most || twice {
            return false;
        }
        let Some(needs) = self.needs.with(cell.fault.needs()) else { return false };
        self.needs = needs;
        self.cells.push(cell);
        true
    }
}

fn deal(round: u64, kinds: &[Kind]) -> Vec<Hand> {
    let mut cells = cells(kinds);
    Dice::new(round).branch("deck").shuffle(&mut cells);
    let mut hands = vec![Hand::default(); hands(kinds).max(1)];
    let mut turn = 0;
    for cell in cells {
        // A hand too large is better than a cell that nobody takes.
        for most in [HAND, HAND + 1, usize::MAX] {
            let count = hands.len();
            let taker = (0..count).map(|step| (turn + step) % count).find(|at| hands[*at].take(cell, most));
            if let Some(taker) = taker {
                turn = taker + 1;
                break;
            }
        }
    }
    hands
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// How many different cells these hands reach.
    fn reached(hands: &[Hand]) -> usize {
        hands.iter().flat_map(|hand| &hand.cells).collect::<HashSet<_>>().len()
    }

    #[test]
    fn a_round_deals_every_cell_once() {
        let all = cells(&Kind::ALL);
        for round in 0..3 {
            let hands = deal(round, &Kind::ALL);
            assert_eq!(hands.iter().map(|hand| hand.cells.len()).sum::<usize>(), all.len(), "round {round}");
            assert_eq!(reached(&hands), all.len(), "round {round}");
            let sizes: Vec<usize> = hands.iter().map(|hand| hand.cells.len()).collect();
            assert!(sizes.iter().all(|size| (1..=HAND + 1).contains(size)), "{sizes:?}");
        }
    }

    #[test]
    fn seeds_that_follow_each_other_take_the_hands_of_a_round_in_turn() {
        let count = hands(&Kind::ALL) as u64;
        let first = 7 * count;
        let taken: Vec<Hand> = (first..first + count).map(|seed| hand(seed, &Kind::ALL)).collect();
        assert_eq!(reached(&taken), cells(&Kind::ALL).len());
        assert_eq!(hand(u64::MAX, &Kind::ALL).cells, hand(u64::MAX, &Kind::ALL).cells);
    }

    #[test]
    fn a_hand_of_chosen_faults_has_no_other() {
        let chosen = [Kind::Kill, Kind::NatsOlder];
        for seed in 0..20 {
            assert!(hand(seed, &chosen).cells.iter().all(|cell| chosen.contains(&cell.fault)));
        }
    }
}
