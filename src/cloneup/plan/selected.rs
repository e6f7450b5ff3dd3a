//! The rows that a selection names (`--only-failed`) and that the plan has not: they were removed
//! since, or the selection is of another database. Which rows are selected is decided in
//! [`crate::cloneup::Options`].

use crate::cloneup::observer::PlannedPart;
use crate::cloneup::options::Selection;

/// A warning for each resource and join store of which fewer rows are planned than are selected.
pub(super) fn warnings_of_absent(selection: &Selection, parts: &[PlannedPart]) -> Vec<String> {
    let warning = |(name, ids): (&String, usize)| {
        let planned: u64 = parts.iter().filter(|part| part.name == *name).map(|part| part.rows).sum();
        let absent = (ids as u64).saturating_sub(planned);
        (absent > 0).then(|| {
            format!("{absent} of {ids} selected rows of `{name}` are not in the database or not in scope: nothing is sent for them")
        })
    };
    let mut warnings: Vec<_> =
        selection.iter().map(|(name, ids)| (name, ids.len())).filter_map(warning).collect();
    warnings.sort();
    warnings
}
