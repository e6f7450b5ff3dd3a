//! Prints failures on stderr: the first few, grouped by code, each code with its hint. The hints are
//! chosen in [`super::hints`].

use super::escape::escaped;
use super::hints::hint;
use super::print::{error, line};
use crate::cloneup::Failure;
use crate::protocol::{ErrorBody, ROOT_PATH};

/// Maximum number of failures that are printed; the result has all of them.
const MAX_PRINTED: usize = 10;

/// Whether hints are printed below errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Hints {
    Shown,
    /// With `--quiet`.
    Hidden,
}

impl Hints {
    /// Shown unless `is_quiet`.
    pub(in crate::cli) fn unless(is_quiet: bool) -> Self {
        if is_quiet { Self::Hidden } else { Self::Shown }
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
        let shown = &group[..group.len().min(MAX_PRINTED - printed)];
        for failure in shown {
            let sentence = match failure.location() {
                Some(location) => format!("{}: {location}", sentence(failure.body())),
                None => sentence(failure.body()),
            };
            if failure.error.mutation_id.is_empty() {
                error(&sentence);
            } else {
                error(&format!("{code}: {sentence}, mutation {}", failure.error.mutation_id));
            }
        }
        printed += shown.len();
        if group.len() > shown.len() {
            line(&format!("… and {} more with {}", group.len() - shown.len(), escaped(code)));
        }
        let hint = group.iter().find_map(|failure| hint(failure));
        if let (Hints::Shown, Some(hint)) = (hints, hint) {
            line(&format!("hint: {hint}"));
        }
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
