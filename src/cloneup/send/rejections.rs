//! How many mutations were rejected in a run, and when they are too many (contract 3.10,
//! `--max-errors`). What a rejected mutation is, is decided in [`super::delivery`].

use std::sync::{Mutex, PoisonError};

use crate::cloneup::options::{MaxErrors, Options};

/// Counts answered and rejected mutations over a whole run, of one database or of several.
#[derive(Debug)]
pub(crate) struct Rejections {
    /// `None` for a run that any number of rejections does not end, or that the first one ends.
    max: Option<MaxErrors>,
    counts: Mutex<Counts>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    answered: u64,
    rejected: u64,
    is_over: bool,
}

impl Rejections {
    pub(crate) fn new(options: &Options) -> Self {
        let max = options.max_errors.filter(|_| !options.fail_fast);
        Self { max, counts: Mutex::new(Counts::default()) }
    }

    /// Counts mutations that were answered, and those of them that were rejected. Returns why the upload
    /// ends, for a person, when these are too many, or more than that.
    pub(crate) fn add(&self, answered: u64, rejected: u64) -> Option<String> {
        let max = self.max?;
        // The counts are consistent after a panic elsewhere: no code panics while it holds the lock.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.answered += answered;
        counts.rejected += rejected;
        counts.is_over |= max.is_exceeded(counts.rejected, counts.answered);
        if !counts.is_over || rejected == 0 {
            return None;
        }
        let Counts { answered, rejected, .. } = *counts;
        Some(format!(
            "the upload stops: {rejected} of {answered} mutations were rejected, more than --max-errors {max}"
        ))
    }
    /// Whether too many mutations were rejected.
    pub(crate) fn is_over(&self) -> bool {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).is_over
    }
}
