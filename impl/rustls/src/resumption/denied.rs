//! Which numbers are refused.
//!
//! Decides it in bounded memory. If there is no room for another number, the smallest is dropped,
//! and it and all smaller numbers are refused. Refusing too many costs full handshakes; refusing
//! too few would break the duty.

use std::collections::BTreeSet;

/// A set of numbers that only grows, in bounded memory: at most 24 bytes for each number, and
/// logarithmic time.
#[derive(Debug)]
pub(super) struct Denied {
    /// This number and all smaller ones are in the set.
    floor: u64,
    /// Numbers above the floor.
    above: BTreeSet<u64>,
    most: usize,
}

impl Denied {
    /// An empty set, with room for this many numbers above the floor.
    pub(super) const fn new(most: usize) -> Self {
        Self { floor: 0, above: BTreeSet::new(), most }
    }

    pub(super) fn insert(&mut self, number: u64) {
        if self.contains(number) {
            return;
        }
        self.above.insert(number);
        while self.above.first().is_some_and(|&first| self.above.len() > self.most || first == self.floor + 1)
        {
            self.floor = self.above.pop_first().expect("it has a first one");
        }
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        number <= self.floor || self.above.contains(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_inserted_stays_in_whatever_the_order() {
        let numbers = [90, 7, 55, 3, 8, 4, 91, 2, 60, 1];
        for most in 0..=numbers.len() {
            let mut denied = Denied::new(most);
            for (count, &number) in numbers.iter().enumerate() {
                denied.insert(number);
                assert!(numbers[..=count].iter().all(|&number| denied.contains(number)), "{most}");
                assert!(denied.above.len() <= most);
            }
            assert!(!denied.contains(92));
        }
    }

    #[test]
    fn with_room_nothing_else_is_in() {
        let mut denied = Denied::new(3);
        for number in [20, 10, 30] {
            denied.insert(number);
        }
        let found: Vec<u64> = (1..100).filter(|&number| denied.contains(number)).collect();
        assert_eq!(found, [10, 20, 30]);
    }

    #[test]
    fn without_room_all_up_to_the_smallest_are_in() {
        let mut denied = Denied::new(2);
        for number in [20, 10, 30] {
            denied.insert(number);
        }
        let found: Vec<u64> = (1..100).filter(|&number| denied.contains(number)).collect();
        let expected: Vec<u64> = (1..=10).chain([20, 30]).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn numbers_without_gaps_take_no_room() {
        let mut denied = Denied::new(2);
        for number in 1..=1000 {
            denied.insert(number);
        }
        assert!(denied.above.is_empty());
        assert!(!denied.contains(1001));
    }
}
