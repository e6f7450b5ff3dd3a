//! The sliding window of batches in flight, which decides when the next batch may be sent. A pure
//! state machine; requests are sent by [`super::batch_sender`].

use std::collections::BTreeMap;

/// The batches of a part that are in flight, by their numbers. Two rules decide when the next one
/// may be sent:
///
/// * No batch is sent further ahead of the oldest unanswered one than the concurrency limit. So
///   the server has never acknowledged more batches after the checkpoint's prefix than that.
/// * No record is sent before all records of earlier groups are answered or go before it in the
///   same batch (contract 3.1.3). A batch can hold the end of one group and the beginning of the
///   next.
#[derive(Debug, Default)]
pub(crate) struct SlidingWindow {
    /// The number of each unanswered batch, and the group of its first record.
    open: BTreeMap<u64, u64>,
    /// The number after the last batch that was opened.
    next: u64,
}

impl SlidingWindow {
    /// Whether the next batch may be sent, with the groups of its first and last record.
    pub(crate) fn admits(&self, (_, last): (u64, u64), limit: usize) -> bool {
        // Batches and the records in them are in the order of their groups. So the oldest batch has
        // the first group that is not answered, and a batch whose last group is the same one
        // depends on no answer: it is of that group alone.
        let is_admitted = |(oldest, first): (&u64, &u64)| {
            self.open.len() < limit && self.next - oldest < limit as u64 && *first >= last
        };
        self.open.first_key_value().is_none_or(is_admitted)
    }

    /// A batch is sent.
    pub(crate) fn open(&mut self, sequence: u64, (first, _): (u64, u64)) {
        self.open.insert(sequence, first);
        self.next = sequence + 1;
    }

    /// A batch is answered.
    pub(crate) fn close(&mut self, sequence: u64) {
        self.open.remove(&sequence);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_window_moves_only_when_its_oldest_batch_is_answered() {
        let mut window = SlidingWindow::default();
        for sequence in 0..3 {
            assert!(window.admits((0, 0), 3));
            window.open(sequence, (0, 0));
        }
        assert!(!window.admits((0, 0), 3));
        window.close(2);
        assert!(!window.admits((0, 0), 3), "batch 0 is still unanswered");
        window.close(0);
        assert!(window.admits((0, 0), 3));
    }

    #[test]
    fn a_batch_waits_for_the_groups_before_its_last_one() {
        for (in_flight, next, is_admitted) in [
            // Of one group.
            (vec![(0, 0), (0, 0)], (0, 0), true),
            // It goes on to the next group, so all earlier batches must be answered.
            (vec![(0, 0)], (0, 1), false),
            (vec![], (0, 1), true),
            (vec![], (0, 9), true),
            // A batch of the next group alone.
            (vec![(0, 0)], (1, 1), false),
            // The end of the earlier group is in flight, in a batch of both.
            (vec![(0, 1)], (1, 1), false),
            (vec![(1, 1)], (1, 1), true),
            (vec![(1, 1)], (1, 2), false),
        ] {
            let mut window = SlidingWindow::default();
            for (sequence, groups) in in_flight.iter().enumerate() {
                window.open(sequence as u64, *groups);
            }
            assert_eq!(window.admits(next, 16), is_admitted, "{next:?} after {in_flight:?}");
        }
    }

    /// Sends batches of `size` records through a window, answers one of those in flight whenever
    /// the window is closed or `answers` says so, and checks the rule at every batch. Returns the
    /// most batches that were in flight.
    fn simulate(groups: &[u64], size: usize, limit: usize, answers: &[usize]) -> usize {
        let batches: Vec<&[u64]> = groups.chunks(size).collect();
        let mut window = SlidingWindow::default();
        let (mut in_flight, mut next, mut most) = (Vec::<usize>::new(), 0, 0);
        let mut answers = answers.iter().cycle();
        while next < batches.len() || !in_flight.is_empty() {
            let choice = *answers.next().unwrap();
            if let Some(batch) = batches.get(next) {
                let ends = (batch[0], batch[batch.len() - 1]);
                let is_admitted = window.admits(ends, limit);
                assert!(is_admitted || !in_flight.is_empty(), "the window never opens again");
                if is_admitted && (in_flight.is_empty() || choice.is_multiple_of(2)) {
                    for earlier in &in_flight {
                        let unanswered = batches[*earlier];
                        assert!(
                            batch.iter().all(|group| unanswered.iter().all(|before| before >= group)),
                            "{batch:?} was sent while {unanswered:?} was unanswered"
                        );
                    }
                    window.open(next as u64, ends);
                    in_flight.push(next);
                    most = most.max(in_flight.len());
                    next += 1;
                    continue;
                }
            }
            let answered = in_flight.swap_remove(choice % in_flight.len());
            window.close(answered as u64);
        }
        most
    }

    #[test]
    fn batches_of_one_group_are_in_flight_together() {
        assert_eq!(simulate(&[0; 40], 2, 4, &[0]), 4);
        assert_eq!(simulate(&(0..40).collect::<Vec<_>>(), 2, 4, &[0]), 1);
    }

    proptest! {
        #[test]
        fn nothing_is_sent_before_all_earlier_groups_are_answered_or_in_the_same_batch(
            sizes in prop::collection::vec(1..12_usize, 1..20),
            size in 1..8_usize,
            limit in 1..6_usize,
            answers in prop::collection::vec(0..100_usize, 1..50),
        ) {
            let groups: Vec<u64> =
                sizes.iter().zip(0..).flat_map(|(size, group)| std::iter::repeat_n(group, *size)).collect();
            prop_assert!(simulate(&groups, size, limit, &answers) <= limit);
        }
    }
}
