//! The results of the databases whose upload has ended, at any time. The result at the end is
//! [`super::DatabasesOutcome`].

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::outcome::{DatabaseOutcome, DatabasesOutcome};
use crate::cloneup::failure::Failure;
use crate::cloneup::outcome::Outcome;
use crate::cloneup::stage::Stage;

/// The results so far. A clone sees the same ones.
#[derive(Debug, Clone)]
pub struct Results {
    paths: Arc<[PathBuf]>,
    stage: Stage,
    outcomes: Arc<Mutex<Vec<Option<Outcome>>>>,
}

impl Results {
    pub(super) fn new(paths: Vec<PathBuf>, stage: Stage) -> Self {
        let outcomes = vec![None; paths.len()];
        Self { paths: paths.into(), stage, outcomes: Arc::new(Mutex::new(outcomes)) }
    }

    pub(super) fn paths(&self) -> Arc<[PathBuf]> {
        Arc::clone(&self.paths)
    }

    pub(super) fn add(&self, index: usize, outcome: Outcome) {
        self.outcomes()[index] = Some(outcome);
    }

    /// The results as they are now; a database whose upload has not ended counts as interrupted.
    #[must_use]
    pub fn so_far(&self) -> DatabasesOutcome {
        let outcomes = self.outcomes();
        self.with(outcomes.iter().cloned())
    }

    /// The results of all.
    pub(super) fn take(&self) -> DatabasesOutcome {
        let mut outcomes = self.outcomes();
        self.with(outcomes.iter_mut().map(Option::take))
    }

    fn with(&self, outcomes: impl Iterator<Item = Option<Outcome>>) -> DatabasesOutcome {
        let interrupted = || Outcome::failed(vec![Failure::interrupted()]).of(self.stage);
        let database = |(path, outcome): (&PathBuf, Option<Outcome>)| DatabaseOutcome {
            path: path.clone(),
            outcome: outcome.unwrap_or_else(interrupted),
        };
        DatabasesOutcome::new(self.paths.iter().zip(outcomes).map(database).collect())
    }

    fn outcomes(&self) -> MutexGuard<'_, Vec<Option<Outcome>>> {
        // The list is consistent after a panic elsewhere: each outcome is written at once.
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
