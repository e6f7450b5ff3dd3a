//! The acknowledged prefix (contract 3.6): how far the server has acknowledged everything without a gap,
//! while batches are answered in any order. It is written to a file by [`super::checkpoint_writer`].

use std::collections::BTreeMap;

use crate::cloneup::encode::batch::Position;
use crate::protocol::Cursor;

/// The contiguous prefix of the upload that the server has acknowledged.
#[derive(Debug)]
pub(super) struct AckedPrefix {
    /// The position after the prefix; `None` while the prefix is empty.
    position: Option<Position>,
    /// The highest cursor in the answers to it.
    cursor: Cursor,
    /// The number of requests that it took.
    requests: u64,
    /// Mutations in it that the server had applied before, by part, where there are any.
    repeated: BTreeMap<usize, u64>,
    /// The number of the batch after the prefix.
    next: u64,
    /// Acknowledged batches after a gap, by their number.
    ahead: BTreeMap<u64, AckedBatch>,
}

/// A batch that the server has acknowledged.
#[derive(Debug, Clone)]
pub(super) struct AckedBatch {
    /// The index of its part in the plan.
    pub(super) part: usize,
    /// The position in the upload after it.
    pub(super) position: Position,
    /// The highest cursor in the answers to it.
    pub(super) cursor: Option<Cursor>,
    /// The number of requests that it took.
    pub(super) requests: u64,
    /// The number of mutations in it that the server had applied before.
    pub(super) repeated: u64,
}

impl AckedPrefix {
    /// An empty prefix.
    pub(super) fn empty() -> Self {
        Self {
            position: None,
            cursor: Cursor::zero(),
            requests: 0,
            repeated: BTreeMap::new(),
            next: 0,
            ahead: BTreeMap::new(),
        }
    }

    /// The prefix of an earlier run, which ends before the batch with the number `next`.
    pub(super) fn resumed(
        position: Position,
        cursor: Cursor,
        requests: u64,
        repeated: BTreeMap<usize, u64>,
        next: u64,
    ) -> Self {
        Self { position: Some(position), cursor, requests, repeated, next, ahead: BTreeMap::new() }
    }

    /// Adds an acknowledged batch; returns whether the prefix has grown.
    pub(super) fn acknowledge(&mut self, sequence: u64, batch: AckedBatch) -> bool {
        self.ahead.insert(sequence, batch);
        let before = self.next;
        while let Some(batch) = self.ahead.remove(&self.next) {
            self.next += 1;
            self.requests += batch.requests;
            if batch.repeated > 0 {
                *self.repeated.entry(batch.part).or_default() += batch.repeated;
            }
            if let Some(cursor) = batch.cursor {
                self.cursor = std::mem::take(&mut self.cursor).max(cursor);
            }
            self.position = Some(batch.position);
        }
        self.next > before
    }

    pub(super) fn position(&self) -> Option<Position> {
        self.position
    }

    pub(super) fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    pub(super) fn repeated(&self) -> &BTreeMap<usize, u64> {
        &self.repeated
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batch(sequence: u64, cursor: u64, requests: u64) -> AckedBatch {
        let digest = blake3::hash(&sequence.to_le_bytes());
        let position = Position { mutations: 3 * (sequence + 1), digest };
        AckedBatch { part: 0, position, cursor: Some(Cursor::from(cursor)), requests, repeated: sequence }
    }

    #[test]
    fn the_prefix_grows_only_without_gaps_in_any_order_of_answers() {
        let follow = |order: [u64; 4]| {
            let mut prefix = AckedPrefix::empty();
            let grown = order.map(|sequence| prefix.acknowledge(sequence, batch(sequence, 10 - sequence, 1)));
            (grown, prefix)
        };
        let (grown, in_order) = follow([0, 1, 2, 3]);
        assert_eq!(grown, [true; 4]);
        let (grown, other) = follow([2, 1, 0, 3]);
        assert_eq!(grown, [false, false, true, true]);
        assert_eq!(in_order.position(), other.position());
        assert_eq!(other.position(), Some(batch(3, 0, 0).position));
        assert_eq!((other.requests(), other.cursor()), (4, &Cursor::from(10)));
    }

    #[test]
    fn a_resumed_prefix_goes_on_after_its_last_batch() {
        let repeated = BTreeMap::from([(0, 2)]);
        let mut prefix = AckedPrefix::resumed(batch(4, 0, 0).position, Cursor::from(9), 5, repeated, 5);
        assert!(!prefix.acknowledge(6, batch(6, 11, 1)));
        assert!(prefix.acknowledge(5, batch(5, 10, 2)));
        assert_eq!((prefix.position(), prefix.requests()), (Some(batch(6, 0, 0).position), 8));
        assert_eq!((prefix.cursor(), prefix.repeated()), (&Cursor::from(11), &BTreeMap::from([(0, 13)])));
    }

    proptest! {
        #[test]
        fn the_prefix_is_everything_acknowledged_without_a_gap(
            order in Just((0..20_u64).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let mut prefix = AckedPrefix::empty();
            let mut seen = std::collections::HashSet::new();
            for sequence in order {
                seen.insert(sequence);
                prefix.acknowledge(sequence, batch(sequence, sequence, 2));
                let expected = (0..20).take_while(|sequence| seen.contains(sequence)).count() as u64;
                let mutations = prefix.position().map_or(0, |position| position.mutations);
                prop_assert_eq!((mutations, prefix.requests()), (3 * expected, 2 * expected));
                prop_assert_eq!(prefix.cursor(), &Cursor::from(expected.saturating_sub(1)));
            }
        }
    }
}
