//! The limit on requests in flight over time: the changes with their reasons, thinned to a fixed number. Of
//! changes that are too many, the lowest and the highest limit of each group are kept, so that the extremes stay.

use std::collections::BTreeMap;

use crate::report::event::LimitChange;

/// Maximum number of groups of changes; after thinning there are half as many.
const MAX_GROUPS: usize = 64;

/// Maximum number of first changes that are kept one by one.
const MAX_FIRST: usize = 24;

/// Maximum number of reasons that are counted; synctool has fewer.
const MAX_REASONS: usize = 20;

/// A change of the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) struct LimitStep {
    /// The number of this change; the limit that the run begins with is 0.
    pub(in crate::report) number: u64,
    /// In milliseconds since the Unix epoch.
    pub(in crate::report) at: u64,
    /// The limit before and from now on.
    pub(in crate::report) before: u64,
    pub(in crate::report) level: u64,
    pub(in crate::report) why: String,
}

/// Changes after one another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    lowest: LimitStep,
    highest: LimitStep,
}

impl Group {
    fn of(step: LimitStep) -> Self {
        Self { lowest: step.clone(), highest: step }
    }

    fn joined(self, next: Self) -> Self {
        let lowest = if next.lowest.level < self.lowest.level { next.lowest } else { self.lowest };
        let highest = if next.highest.level > self.highest.level { next.highest } else { self.highest };
        Self { lowest, highest }
    }

    /// In the order of the run.
    fn steps(self) -> Vec<LimitStep> {
        let mut steps = vec![self.lowest, self.highest];
        steps.sort_unstable_by_key(|step| step.number);
        steps.dedup();
        steps
    }
}

/// The changes of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::report) struct Limits {
    groups: Vec<Group>,
    /// How many changes make a group, and the group that is not complete.
    stride: u64,
    pending: Option<(Group, u64)>,
    /// The limit that the run begins with, and the changes that come first.
    first: Vec<LimitStep>,
    level: Option<u64>,
    /// How many changes there were.
    pub(in crate::report) changes: u64,
    /// The same by reason.
    pub(in crate::report) reasons: BTreeMap<String, u64>,
    pub(in crate::report) lowest: u64,
    pub(in crate::report) highest: u64,
}

impl Limits {
    pub(super) fn add(&mut self, at: u64, change: &LimitChange) {
        let LimitChange { level, why } = change;
        let before = self.level.replace(*level);
        if before.is_some() {
            self.changes += 1;
            if self.reasons.contains_key(why) || self.reasons.len() < MAX_REASONS {
                *self.reasons.entry(why.clone()).or_default() += 1;
            }
        }
        self.lowest = if before.is_some() { self.lowest.min(*level) } else { *level };
        self.highest = self.highest.max(*level);
        let before = before.unwrap_or(*level);
        let step = LimitStep { number: self.changes, at, before, level: *level, why: why.clone() };
        if self.first.len() <= MAX_FIRST {
            self.first.push(step.clone());
        }
        self.push(step);
    }

    fn push(&mut self, step: LimitStep) {
        let (group, count) = match self.pending.take() {
            Some((pending, count)) => (pending.joined(Group::of(step)), count + 1),
            None => (Group::of(step), 1),
        };
        if count < self.stride {
            self.pending = Some((group, count));
            return;
        }
        self.groups.push(group);
        if self.groups.len() == MAX_GROUPS {
            let mut groups = std::mem::take(&mut self.groups).into_iter();
            while let Some(group) = groups.next() {
                self.groups.push(match groups.next() {
                    Some(next) => group.joined(next),
                    None => group,
                });
            }
            self.stride = self.stride.max(1) * 2;
        }
    }

    /// The changes that are kept, with the limit that the run begins with: about `max`.
    pub(in crate::report) fn steps(&self, max: usize) -> Vec<LimitStep> {
        let groups: Vec<_> =
            self.groups.iter().chain(self.pending.as_ref().map(|(group, _)| group)).cloned().collect();
        // A group has two changes, but for groups of one.
        let size = if self.changes < max as u64 { 1 } else { groups.len().div_ceil((max / 2).max(1)) };
        let joined =
            groups.chunks(size.max(1)).filter_map(|chunk| chunk.iter().cloned().reduce(Group::joined));
        let mut steps: Vec<_> = joined.flat_map(Group::steps).collect();
        if let Some(first) = self.first.first().filter(|first| steps.first() != Some(first)) {
            steps.insert(0, first.clone());
        }
        steps
    }

    /// The first changes, one by one, without the limit that the run begins with.
    pub(in crate::report) fn first_changes(&self) -> &[LimitStep] {
        self.first.get(1..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 2 * MAX_GROUPS;

    fn limits(count: u64, level: impl Fn(u64) -> u64) -> Limits {
        let mut limits = Limits::default();
        for number in 0..count {
            let change = LimitChange { level: level(number), why: format!("reason {}", number % 40) };
            limits.add(number, &change);
        }
        limits
    }

    #[test]
    fn a_few_changes_are_all_kept() {
        let limits = limits(60, |number| 1 + number % 7);
        let steps = limits.steps(MAX);
        assert_eq!(steps.iter().map(|step| step.number).collect::<Vec<_>>(), (0..60).collect::<Vec<_>>());
        assert!(steps.windows(2).all(|pair| pair[0].level == pair[1].before));
        assert_eq!((limits.changes, limits.first_changes().len()), (59, MAX_FIRST));
        assert_eq!(limits.first_changes()[0].number, 1);
        assert!(Limits::default().steps(MAX).is_empty() && Limits::default().first_changes().is_empty());
    }

    #[test]
    fn of_many_changes_the_extremes_of_the_whole_run_are_kept() {
        let limits = limits(10_000, |number| match number {
            300 => 1,
            9000 => 16,
            _ => 8 + number % 3,
        });
        let steps = limits.steps(MAX);
        assert!(steps.len() <= 2 * MAX_GROUPS + 3, "{}", steps.len());
        assert_eq!((limits.changes, limits.lowest, limits.highest), (9999, 1, 16));
        assert_eq!(limits.reasons.len(), MAX_REASONS);
        assert_eq!(steps[0].number, 0);
        for extreme in [300, 9000] {
            assert!(steps.iter().any(|step| step.number == extreme));
        }
        assert!(steps.is_sorted_by_key(|step| step.number));
        // No part of the run is thinned more than another one.
        let early = steps.iter().filter(|step| step.number < 5000).count();
        assert!(early.abs_diff(steps.len() / 2) <= 4, "{early} of {}", steps.len());
        let few = limits.steps(16);
        assert!(few.len() <= 17 && few.iter().any(|step| step.number == 300), "{}", few.len());
    }
}
