//! Prints failures on stderr: the first few, grouped by code, each code with its hint. The hints are
//! chosen in [`super::hints`].

use super::escape::escaped;
use super::hints::hint;
use super::print::{error, line};
use crate::cloneup::{Failure, Stage};
use crate::protocol::{ErrorBody, ROOT_PATH};

/// Maximum number of failures that are printed; the result has all of them.
const MAX_PRINTED: usize = 10;

/// Whether hints are printed below errors, and of which part of an upload the errors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct Hints {
    are_shown: bool,
    stage: Stage,
}

impl Hints {
    /// Shown unless `is_quiet`.
    pub(in crate::cli) fn unless(is_quiet: bool) -> Self {
        Self { are_shown: !is_quiet, stage: Stage::All }
    }

    /// For errors of this part of an upload.
    pub(in crate::cli) fn of_stage(self, stage: Stage) -> Self {
        Self { stage, ..self }
    }
}

/// Prints failures.
pub(in crate::cli) fn failures(failures: &[Failure], hints: Hints) {
    let mut codes: Vec<&str> = Vec::new();
    for failure in failures {
        if !codes.contains(&failure.body().code.as_str()) {
            codes.push(&failure.body().code);
        }
    }
    let mut printed = 0;
    for code in codes {
        let group: Vec<_> = failures.iter().filter(|failure| failure.body().code == code).collect();
        // Every code is told at least once, however many failures go before it.
        let (told, more) = distinct(&group, MAX_PRINTED.saturating_sub(printed).max(1));
        for (sentence, count) in &told {
            let times = if *count > 1 { format!(", {count} times") } else { String::new() };
            error(&format!("{sentence}{times}"));
        }
        printed += told.len();
        if more > 0 {
            line(&format!("… and {more} more with {}", escaped(code)));
        }
        let hint = group.iter().find_map(|failure| hint(failure, hints.stage));
        if let (true, Some(hint)) = (hints.are_shown, hint) {
            line(&format!("hint: {hint}"));
        }
    }
}

/// The first `max` different sentences of a group, each with how many of its failures have it, and how
/// many failures have any other: a server may say the same in each of its answers.
fn distinct(group: &[&Failure], max: usize) -> (Vec<(String, usize)>, usize) {
    let (mut told, mut more) = (Vec::<(String, usize)>::new(), 0);
    for failure in group {
        let sentence = whole_sentence(failure);
        if let Some((_, count)) = told.iter_mut().find(|(known, _)| *known == sentence) {
            *count += 1;
        } else if told.len() < max {
            told.push((sentence, 1));
        } else {
            more += 1;
        }
    }
    (told, more)
}

/// What is printed about a failure: where the row is, and which mutation was rejected.
fn whole_sentence(failure: &Failure) -> String {
    let sentence = match failure.location() {
        Some(location) => format!("{}: {location}", sentence(failure.body())),
        None => sentence(failure.body()),
    };
    if failure.error.mutation_id.is_empty() {
        return sentence;
    }
    format!("{}: {sentence}, mutation {}", failure.body().code, failure.error.mutation_id)
}

/// The message of an error, with its path where it has one.
pub(in crate::cli) fn sentence(body: &ErrorBody) -> String {
    if body.path.is_empty() || body.path == ROOT_PATH {
        body.message.clone()
    } else {
        format!("{} ({})", body.message, body.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::MutationError;

    #[test]
    fn the_same_sentence_is_told_once_with_its_number() {
        let rejected = |id: &str| {
            let error = MutationError { mutation_id: id.to_owned(), body: ErrorBody::new("X", "no", "p") };
            Failure::rejected(error, None)
        };
        let failures = [rejected(""), rejected("a"), rejected(""), rejected("b"), rejected("")];
        let group: Vec<_> = failures.iter().collect();
        let (told, more) = distinct(&group, 2);
        assert_eq!(told, [("no (p)".to_owned(), 3), ("X: no (p), mutation a".to_owned(), 1)]);
        assert_eq!(more, 1);
    }
}
