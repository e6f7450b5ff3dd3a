//! Hints: a suggested fix below an error.

use crate::cloneup::{Cause, Failure, FailureKind};
use crate::offline::{OfflineError, StorageKind};
use crate::protocol::code;
use crate::remote::TransportKind;

/// How alike a name must be to one that there is to be taken for a typo.
const LIKENESS: f64 = 0.75;

/// A suggested fix for a failure, where its message does not say it already.
pub(super) fn hint(failure: &Failure) -> Option<&'static str> {
    match &failure.cause {
        Some(Cause::Request(error)) => transport_hint(error.kind()?),
        Some(Cause::Offline(error)) => offline_hint(error),
        _ => code_hint(failure),
    }
}

fn transport_hint(kind: TransportKind) -> Option<&'static str> {
    match kind {
        TransportKind::Connect => {
            Some("is the server running, and is this its address? `synctool serve` starts one here")
        }
        TransportKind::NotJson | TransportKind::Redirect => {
            Some("the URL is the base to which /push and /pull are added, such as https://example.org/datafn")
        }
        TransportKind::Timeout => {
            Some("--timeout gives a request more time, a smaller --batch-size makes it shorter")
        }
        _ => None,
    }
}

fn offline_hint(error: &OfflineError) -> Option<&'static str> {
    match error {
        OfflineError::Storage { kind: StorageKind::Locked, .. } => {
            Some("another program holds the database: let it finish, or close it, and try again")
        }
        OfflineError::Storage { kind: StorageKind::Missing, .. } => {
            Some("`synctool schema check SCHEMA --db DB` shows everything that does not fit")
        }
        OfflineError::Storage { kind: StorageKind::Refused, .. } => Some(
            "change the local row or the table's constraint and run again: the pull goes on with this \
             change; --no-pull-after uploads without pulling",
        ),
        _ => None,
    }
}

/// For failures whose code says enough: the server's own errors, and refused credentials.
fn code_hint(failure: &Failure) -> Option<&'static str> {
    match failure.body().code.as_str() {
        code::FORBIDDEN => {
            Some("the token is missing, wrong or expired: see SYNCTOOL_TOKEN and --token-file")
        }
        code::CONFLICT => Some("the record is there already: --record-operation merge updates it"),
        code::NOT_FOUND => {
            Some("a join row refers to a record that the server lacks: upload its resource too")
        }
        code::LIMIT_EXCEEDED => Some("the server takes no mutation of this size"),
        code::DFQL_UNKNOWN_RESOURCE | code::DFQL_UNKNOWN_FIELD if failure.kind == FailureKind::Rejected => {
            Some("the server's schema is another one than yours")
        }
        _ => None,
    }
}

/// The name that was probably meant.
pub(super) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let (lower, mut best) = (name.to_lowercase(), None);
    for candidate in names {
        let likeness = strsim::jaro_winkler(&lower, &candidate.to_lowercase());
        if likeness > best.map_or(LIKENESS, |(likeness, _)| likeness) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_like_enough_or_none() {
        let names = ["todos", "projects", "tags"];
        for (name, expected) in [("todo", Some("todos")), ("Porjects", Some("projects")), ("zzz", None)] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }
}
