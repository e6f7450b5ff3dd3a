//! Observers of many uploads: each upload has an observer of its own. The events are those of
//! [`crate::cloneup::observer`].

use crate::cloneup::observer::Observer;
use crate::cloneup::outcome::Outcome;

/// Follows the uploads of many databases. Called from the uploads' own task, so it must return soon.
pub trait DatabasesObserver: Sync {
    /// The upload of a database begins; `index` is its place among all, from 0. Returns the observer of
    /// its events.
    fn begin(&self, index: usize) -> Box<dyn Observer + '_>;

    /// The upload of a database has ended, or was not begun and will not be.
    fn end(&self, index: usize, outcome: &Outcome);
}

/// Ignores all uploads.
impl DatabasesObserver for () {
    fn begin(&self, _: usize) -> Box<dyn Observer + '_> {
        Box::new(())
    }

    fn end(&self, _: usize, _: &Outcome) {}
}
