//! Collects what is wrong with the flags of a client, so that all of it is reported at once, and what a
//! person should know of them.

use crate::cloneup::{Failure, Failures};
use crate::protocol::code;

/// The flag of an option, by the option's name in a result: `--batch-size` of `batchSize`.
pub(in crate::cli) fn flag(path: &str) -> String {
    match path {
        "storage" => "--db".to_owned(),
        "sync.remote" => "--remote".to_owned(),
        _ => {
            let mut flag = "--".to_owned();
            for c in path.chars() {
                if c.is_ascii_uppercase() {
                    flag.push('-');
                }
                flag.push(c.to_ascii_lowercase());
            }
            flag
        }
    }
}

/// What is wrong so far, in the order in which it was found.
#[derive(Debug, Default)]
pub(super) struct Problems {
    failures: Vec<Failure>,
    warnings: Vec<String>,
}

impl Problems {
    /// Adds an invalid option; `path` is its name in the result.
    pub(super) fn invalid(&mut self, message: impl std::fmt::Display, path: &str) {
        let words = format!("{}: {message}", flag(path));
        self.told_as(message, path, words);
    }

    /// Adds an invalid option, of which a person is told in other words than the result's.
    pub(super) fn told_as(&mut self, message: impl std::fmt::Display, path: &str, words: String) {
        self.failures.push(Failure::invalid(code::DFQL_INVALID, message, path).in_words(words));
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
            Some(Err(problem)) => {
                let words = format!("{} {problem}, not `{}`", flag(path), text.unwrap_or_default());
                self.told_as(format_args!("{path} {problem}"), path, words);
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_has_the_name_of_its_flag() {
        for (path, expected) in [
            ("storage", "--db"),
            ("sync.remote", "--remote"),
            ("batchSize", "--batch-size"),
            ("retryMaxDelay", "--retry-max-delay"),
            ("concurrency", "--concurrency"),
        ] {
            assert_eq!(flag(path), expected);
        }
    }
}
