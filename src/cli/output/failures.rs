//! Prints failures on stderr: the first few of each code, with the record that each is about, and below
//! them a hint. The hints are chosen in [`super::hints`].

use std::path::Path;

use super::escape::escaped;
use super::hints::{Work, hint};
use super::numbers::grouped;
use super::print;
use crate::cloneup::{Failure, FailureKind, Stage};
use crate::protocol::{ErrorBody, ROOT_PATH};

/// Maximum number of failures that are printed; the result has all of them.
const MAX_PRINTED: usize = 10;

/// Whether hints are printed below errors, and what the errors are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct Hints {
    are_shown: bool,
    work: Work,
}

impl Hints {
    /// Shown unless `is_quiet`.
    pub(in crate::cli) fn unless(is_quiet: bool) -> Self {
        Self { are_shown: !is_quiet, work: Work::Upload(Stage::All) }
    }

    /// For errors of this part of an upload.
    pub(in crate::cli) fn of_stage(self, stage: Stage) -> Self {
        Self { work: Work::Upload(stage), ..self }
    }

    /// For errors of a clone.
    pub(in crate::cli) fn of_clone(self) -> Self {
        Self { work: Work::Clone, ..self }
    }

    /// Prints a hint, if hints are shown.
    pub(in crate::cli) fn print(self, text: &str) {
        if self.are_shown {
            print::hint(text);
        }
    }
}

/// A failure, with the database that it is of where there are several.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Told<'f> {
    pub(in crate::cli) database: Option<&'f Path>,
    pub(in crate::cli) failure: &'f Failure,
}

/// Prints failures. Returns whether all of them are told.
pub(in crate::cli) fn failures(failures: &[Failure], hints: Hints) -> bool {
    failures_of(failures.iter().map(|failure| Told { database: None, failure }), hints)
}

/// Prints failures, with their databases. Returns whether all of them are told.
pub(in crate::cli) fn failures_of<'f>(failures: impl Iterator<Item = Told<'f>>, hints: Hints) -> bool {
    let groups = by_code(failures);
    let (mut left, mut is_all) = (MAX_PRINTED, true);
    let (told, untold) = groups.split_at(groups.len().min(MAX_PRINTED));
    for (index, group) in told.iter().enumerate() {
        // Every code has its share, and what it does not need is there for those after it.
        let (sentences, more) = distinct(group, left / (told.len() - index));
        left -= sentences.len();
        for (sentence, count) in &sentences {
            let times = if *count > 1 { format!(", {} times", grouped(*count)) } else { String::new() };
            print::error(&format!("{sentence}{times}"));
        }
        if more > 0 {
            let code = escaped(&group[0].failure.body().code);
            print::line(&format!("… and {} more with {code}", grouped(more)));
            is_all = false;
        }
        print_hints(group.iter().map(|told| told.failure), hints);
    }
    if !untold.is_empty() {
        let count: usize = untold.iter().map(Vec::len).sum();
        print::line(&format!("… and {} more with other codes", grouped(count as u64)));
        is_all = false;
    }
    is_all
}

/// Prints the hints of failures, each once, if hints are shown.
pub(in crate::cli) fn print_hints<'f>(failures: impl IntoIterator<Item = &'f Failure>, hints: Hints) {
    let mut told = Vec::new();
    for hint in failures.into_iter().filter_map(|failure| hint(failure, hints.work)) {
        if !told.contains(&hint) {
            hints.print(hint);
            told.push(hint);
        }
    }
}

/// Failures of one code each, in the order in which the codes come first.
fn by_code<'f>(failures: impl Iterator<Item = Told<'f>>) -> Vec<Vec<Told<'f>>> {
    let mut groups: Vec<Vec<Told<'f>>> = Vec::new();
    let mut index_of = std::collections::HashMap::new();
    for told in failures {
        let index = *index_of.entry(told.failure.body().code.as_str()).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[index].push(told);
    }
    groups
}

/// The first `max` different sentences of a group, each with how many of its failures have it, and how
/// many failures have any other: a server may say the same in each of its answers.
fn distinct(group: &[Told<'_>], max: usize) -> (Vec<(String, u64)>, u64) {
    let (mut told, mut more) = (Vec::<(String, u64)>::new(), 0);
    for Told { database, failure } in group {
        let mut sentence = whole_sentence(failure);
        if let Some(database) = database {
            sentence = format!("{}: {sentence}", database.display());
        }
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

/// What is printed about a failure: the record or mutation, the code, what is wrong, and where the row is.
fn whole_sentence(failure: &Failure) -> String {
    let mut sentence = match &failure.words {
        Some(words) => words.to_string(),
        None => sentence(failure.body()),
    };
    if failure.kind == FailureKind::Rejected {
        sentence = format!("{}: {sentence}", failure.body().code);
    }
    if let Some(location) = failure.location() {
        sentence = format!("{sentence}: {location}");
    }
    match (&failure.subject, failure.error.mutation_id.as_str()) {
        (Some(subject), _) => format!("{} {}: {sentence}", subject.resource, subject.id),
        (None, "") => sentence,
        (None, id) => format!("mutation {id}: {sentence}"),
    }
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
    use crate::cloneup::Subject;
    use crate::protocol::MutationError;

    fn rejected(code: &str, id: &str) -> Failure {
        let error = MutationError { mutation_id: id.to_owned(), body: ErrorBody::new(code, "no", "p") };
        Failure::rejected(error, None)
    }

    #[test]
    fn the_same_sentence_is_told_once_with_its_number() {
        let failures = ["", "a", "", "b", ""].map(|id| rejected("X", id));
        let group: Vec<_> = failures.iter().map(|failure| Told { database: None, failure }).collect();
        let (told, more) = distinct(&group, 2);
        assert_eq!(told, [("X: no (p)".to_owned(), 3), ("mutation a: X: no (p)".to_owned(), 1)]);
        assert_eq!(more, 1);
    }

    #[test]
    fn a_failure_is_told_with_its_record_or_in_the_words_for_a_person() {
        let subject = Subject { resource: "todos".to_owned(), id: "t7".to_owned() };
        let of_record = Failure { subject: Some(subject), ..rejected("CONFLICT", "cloneup:rec:todos:t7:0") };
        assert_eq!(whole_sentence(&of_record), "todos t7: CONFLICT: no (p)");
        let option = Failure::invalid("DFQL_INVALID", "batchSize must be positive", "batchSize");
        assert_eq!(whole_sentence(&option), "batchSize must be positive (batchSize)");
        assert_eq!(whole_sentence(&option.in_words("--batch-size must be")), "--batch-size must be");
    }

    #[test]
    fn failures_are_grouped_by_code_in_the_order_of_the_codes() {
        let failures = [rejected("B", "1"), rejected("A", "2"), rejected("B", "3")];
        let groups = by_code(failures.iter().map(|failure| Told { database: None, failure }));
        let codes = groups.iter().map(|group| (group[0].failure.body().code.as_str(), group.len()));
        let codes: Vec<_> = codes.collect();
        assert_eq!(codes, [("B", 2), ("A", 1)]);
    }
}
