//! Errors for mutations that this run did not send: a server can name any number of them, so their
//! number is bounded over the whole run.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cloneup::failure::PUSH_PATH;
use crate::protocol::{ErrorBody, MutationError, code};

/// The maximum number of reported errors for mutations that this run did not send: a server can
/// name any number of them.
pub(super) const MAX_UNSENT_ERRORS: usize = 1000;

/// Counts, over a whole run, the errors for mutations that this run did not send.
#[derive(Debug, Default)]
pub(crate) struct UnsentErrors(AtomicUsize);

impl UnsentErrors {
    /// The error to report for one of them: itself up to the maximum, then one that says that
    /// the rest is left out, then none.
    pub(super) fn report(&self, error: &MutationError) -> Option<MutationError> {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            MAX_UNSENT_ERRORS => Some(MutationError::from(ErrorBody::new(
                code::INTERNAL,
                "the server names more errors of mutations that were not sent; they are left out",
                PUSH_PATH,
            ))),
            before if before < MAX_UNSENT_ERRORS => Some(error.clone()),
            _ => None,
        }
    }
}
