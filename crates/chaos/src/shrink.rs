//! Looks for fewer faults with which an episode fails as well.

use std::future::Future;

/// Drops faults as long as the episode still fails without them: first halves, then one by one. `fails` plays an episode with
/// the faults of these numbers.
///
/// The answer is a smallest set in the sense that no single one of it can be left out; where chance decides, as between
/// processes, it is what failed when it was tried.
pub(crate) async fn smallest<F: Future<Output = bool>>(
    numbers: Vec<usize>,
    mut fails: impl FnMut(Vec<usize>) -> F,
) -> Vec<usize> {
    let mut left = numbers;
    let mut size = left.len() / 2;
    while size >= 1 {
        let mut at = 0;
        while at < left.len() && left.len() > 1 {
            let without: Vec<usize> = left
                .iter()
                .enumerate()
                .filter(|(i, _)| !(at..at + size).contains(i))
                .map(|(_, n)| *n)
                .collect();
            if !without.is_empty() && fails(without.clone()).await {
                left = without;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shrinks where the episode fails if and only if all of these are in force.
    async fn shrink(all: usize, needed: &[usize]) -> Vec<usize> {
        smallest((1..=all).collect(), |numbers| {
            let fails = needed.iter().all(|number| numbers.contains(number));
            async move { fails }
        })
        .await
    }

    #[tokio::test]
    async fn only_the_faults_that_it_takes_are_left() {
        for all in 1..=7 {
            for one in 1..=all {
                assert_eq!(shrink(all, &[one]).await, [one]);
                for other in one + 1..=all {
                    assert_eq!(shrink(all, &[one, other]).await, [one, other]);
                }
            }
        }
    }

    #[tokio::test]
    async fn nothing_is_dropped_where_nothing_less_fails() {
        assert_eq!(shrink(4, &[1, 2, 3, 4]).await, [1, 2, 3, 4]);
        assert!(shrink(0, &[]).await.is_empty());
    }
}
