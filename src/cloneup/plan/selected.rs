//! The rows that a selection names (`--only-failed`) and that the plan has not: they were removed
//! since, or the selection is of another database. Which rows are selected is decided in
//! [`crate::cloneup::Options`].

use crate::cloneup::observer::PlannedPart;
use crate::cloneup::options::Selection;
use crate::cloneup::stage::Stage;

/// A warning for each resource and join store of which fewer rows are planned than are selected.
/// What another shard uploads is not counted.
pub(super) fn warnings_of_absent(selection: &Selection, stage: Stage, parts: &[PlannedPart]) -> Vec<String> {
    let warning = |(name, ids): (&String, usize)| {
        let planned: u64 = parts.iter().filter(|part| part.name == *name).map(|part| part.rows).sum();
        let absent = (ids as u64).saturating_sub(planned);
        (absent > 0).then(|| {
            format!("{absent} of {ids} selected rows of `{name}` are not in the database or not in scope: nothing is sent for them")
        })
    };
    let is_own = |id: &&String| stage.shard().is_none_or(|shard| shard.has(id));
    let counts = selection.iter().map(|(name, ids)| (name, ids.iter().filter(is_own).count()));
    let mut warnings: Vec<_> = counts.filter_map(warning).collect();
    warnings.sort_unstable();
    warnings
}
