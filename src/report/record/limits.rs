//! The limit on requests in flight over time: the changes with their reasons, thinned to a fixed number.

use std::collections::BTreeMap;

use crate::report::event::LimitChange;

/// Maximum number of changes; after thinning there are half as many.
const MAX_STEPS: usize = 96;

/// Maximum number of reasons that are counted; synctool has fewer.
const MAX_REASONS: usize = 20;

/// A change of the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) struct LimitStep {
    /// In milliseconds since the Unix epoch.
    pub(in crate::report) at: u64,
    pub(in crate::report) level: u64,
    pub(in crate::report) why: String,
}

/// The changes of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::report) struct Limits {
    /// Of each two neighbours that were too many, the lower limit is kept: what slowed the run down.
    pub(in crate::report) steps: Vec<LimitStep>,
    /// How many changes there were, the first limit not among them.
    pub(in crate::report) changes: u64,
    /// The same by reason.
    pub(in crate::report) reasons: BTreeMap<String, u64>,
    pub(in crate::report) lowest: u64,
    pub(in crate::report) highest: u64,
}

impl Limits {
    pub(super) fn add(&mut self, at: u64, change: &LimitChange) {
        let LimitChange { level, why } = change;
        if self.steps.is_empty() {
            (self.lowest, self.highest) = (*level, *level);
        } else {
            self.changes += 1;
            if self.reasons.contains_key(why) || self.reasons.len() < MAX_REASONS {
                *self.reasons.entry(why.clone()).or_default() += 1;
            }
        }
        self.lowest = self.lowest.min(*level);
        self.highest = self.highest.max(*level);
        self.steps.push(LimitStep { at, level: *level, why: why.clone() });
        if self.steps.len() == MAX_STEPS {
            // The first one is the limit that the run begins with.
            let (first, rest) = self.steps.split_at(1);
            let lower = |pair: &[LimitStep]| pair.iter().min_by_key(|step| step.level).cloned();
            self.steps = first.iter().cloned().chain(rest.chunks(2).filter_map(lower)).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_any_number_of_changes_a_bounded_number_is_kept_with_the_lowest_limits() {
        let mut limits = Limits::default();
        for number in 0..10_000 {
            let level = if number == 5000 { 1 } else { 8 + number % 3 };
            limits.add(number, &LimitChange { level, why: format!("reason {}", number % 40) });
        }
        assert!(limits.steps.len() < MAX_STEPS, "{}", limits.steps.len());
        assert_eq!((limits.changes, limits.lowest, limits.highest), (9999, 1, 10));
        assert_eq!(limits.reasons.len(), MAX_REASONS);
        assert_eq!(limits.steps[0].at, 0);
        assert!(limits.steps.iter().any(|step| step.level == 1));
        assert!(limits.steps.is_sorted_by_key(|step| step.at));
    }
}
