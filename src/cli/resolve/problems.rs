//! Collects what is wrong with the flags of a client, so that all of it is reported at once, and what a
//! person should know of them.

use crate::cloneup::{Failure, Failures};
use crate::protocol::code;

/// What is wrong so far, in the order in which it was found.
#[derive(Debug, Default)]
pub(super) struct Problems {
    failures: Vec<Failure>,
    warnings: Vec<String>,
}

impl Problems {
    /// Adds an invalid option; `path` is its name in the result.
    pub(super) fn invalid(&mut self, message: impl std::fmt::Display, path: &str) {
        self.failures.push(Failure::invalid(code::DFQL_INVALID, message, path));
    }

    /// Adds a warning: the run goes on.
    pub(super) fn warn(&mut self, message: impl Into<String>) {
        self.warnings.push(message.into());
    }

    /// The warnings so far.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Replaces `setting`, which has its default, by what was typed, if anything; an invalid text adds a
    /// problem.
    pub(super) fn set<T>(
        &mut self,
        setting: &mut T,
        path: &str,
        text: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) {
        match text.map(parse) {
            None => {}
            Some(Ok(value)) => *setting = value,
            Some(Err(problem)) => self.invalid(format_args!("{path} {problem}"), path),
        }
    }

    /// The settings, if nothing is wrong and they are complete.
    ///
    /// # Errors
    /// All problems.
    pub(super) fn or<T>(self, settings: Option<T>) -> Result<T, Failures> {
        match settings {
            Some(settings) if self.failures.is_empty() => Ok(settings),
            _ => Err(Failures(self.failures)),
        }
    }
}
