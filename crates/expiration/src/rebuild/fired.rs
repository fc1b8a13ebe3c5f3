//! The orders that have fired, small enough for millions of them.

use common::event::Id;

/// Bytes of an id in the form of a Mongo ObjectId.
const BYTES: usize = 12;

/// A set of order ids. Those in the form that ours have take 12 bytes each.
#[derive(Debug, Default)]
pub(super) struct Fired {
    /// Sorted up to `settled`.
    ours: Vec<[u8; BYTES]>,
    settled: usize,
    others: std::collections::HashSet<Box<str>>,
}

impl Fired {
    /// Adds an order; it is found after the next [`Self::settle`].
    pub(super) fn add(&mut self, id: &Id) {
        match pack(id.as_str()) {
            Some(packed) => self.ours.push(packed),
            None => drop(self.others.insert(id.as_str().into())),
        }
    }

    /// Has everything that was added be found.
    pub(super) fn settle(&mut self) {
        if self.settled < self.ours.len() {
            // What was sorted before is one run for it.
            self.ours.sort();
            self.ours.dedup();
            self.settled = self.ours.len();
        }
    }

    pub(super) fn contains(&self, id: &Id) -> bool {
        match pack(id.as_str()) {
            Some(packed) => self.ours[..self.settled].binary_search(&packed).is_ok(),
            None => self.others.contains(id.as_str()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ours.len() + self.others.len()
    }
}

/// The bytes of 24 lowercase hex digits.
fn pack(id: &str) -> Option<[u8; BYTES]> {
    let digits: &[u8; 2 * BYTES] = id.as_bytes().try_into().ok()?;
    let mut packed = [0; BYTES];
    for (byte, pair) in packed.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(packed)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        text.parse().unwrap()
    }

    #[test]
    fn what_was_added_is_found_and_nothing_else_whatever_its_form() {
        let (lower, upper) = ("63f1a2b3c4d5e6f708192a3b", "63F1A2B3C4D5E6F708192A3B");
        let (foreign, zero) = ("order_7", "000000000000000000000000");
        let mut fired = Fired::default();
        for text in [lower, lower, foreign] {
            fired.add(&id(text));
        }
        fired.settle();
        assert!(fired.contains(&id(lower)) && fired.contains(&id(foreign)));
        assert!(!fired.contains(&id(upper)), "another id, for all that a number is");
        assert!(!fired.contains(&id(zero)) && !fired.contains(&id("order_8")));
        assert_eq!(fired.len(), 2, "each once");
        fired.add(&id(upper));
        fired.add(&id(zero));
        fired.settle();
        assert!(
            [lower, foreign, upper, zero].iter().all(|text| fired.contains(&id(text))),
            "also later ones"
        );
    }

    #[test]
    fn a_million_ids_are_told_apart() {
        let mut fired = Fired::default();
        let number = |n: u64| id(&format!("{:024x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        (0..1_000_000).filter(|n| n % 2 == 0).for_each(|n| fired.add(&number(n)));
        fired.settle();
        assert!((0..1_000_000).all(|n| fired.contains(&number(n)) == (n % 2 == 0)));
    }
}
