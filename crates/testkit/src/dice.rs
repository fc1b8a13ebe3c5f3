//! The one source of chance: everything random comes from a seed, with the same result in every build.
//!
//! SplitMix64 by Steele, Lea and Flood, and not a generator of a library, whose numbers a later version may change.

use std::{ops::Range, time::Duration};

/// A generator of numbers.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The same seed throws the same numbers.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Another one, whose numbers depend on this seed and that name alone, so that a change in one part of a plan
    /// leaves the others as they were.
    pub fn branch(&self, name: &str) -> Self {
        let mut branch = self.clone();
        for byte in name.bytes() {
            branch.state = branch.state.wrapping_add(u64::from(byte));
            branch.state = branch.any();
        }
        branch
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one; 0 for 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        // Of no weight with limits as small as these.
        self.any() % limit.max(1)
    }

    /// A number within.
    pub fn between(&mut self, range: Range<u64>) -> u64 {
        range.start + self.below(range.end.saturating_sub(range.start))
    }

    /// A span within, in whole milliseconds.
    pub fn duration(&mut self, range: Range<Duration>) -> Duration {
        let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.between(ms(range.start)..ms(range.end)))
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these, which must not be none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    /// Puts them into another order.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_paper_in_every_build() {
        let mut dice = Dice::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| dice.any()).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn a_branch_depends_on_the_seed_and_its_name_alone() {
        let dice = Dice::new(7);
        assert_eq!(dice.branch("faults").any(), Dice::new(7).branch("faults").any());
        assert_ne!(dice.branch("faults").any(), dice.branch("workload").any());
        assert_ne!(dice.branch("faults").any(), Dice::new(8).branch("faults").any());
    }

    #[test]
    fn a_shuffle_keeps_everything() {
        let mut all: Vec<u32> = (0..100).collect();
        Dice::new(3).shuffle(&mut all);
        assert!(all.windows(2).any(|pair| pair[0] > pair[1]));
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    }
}
