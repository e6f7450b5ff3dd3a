//! Hints: a suggested fix below an error. They are chosen by the typed cause of a failure, or by its code
//! where the server or the contract chose one; never by the text of a message. They are printed in
//! [`super::failures`](mod@super::failures).

use crate::cloneup::{Cause, Failure, FailureKind, PULL_PATH, Stage};
use crate::offline::{ForeignFile, OfflineError, StorageKind};
use crate::protocol::code;
use crate::remote::TransportKind;

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// This part of an upload, or something before it.
    Upload(Stage),
    /// A clone.
    Clone,
}

/// A suggested fix for a failure, where its message does not contain it already.
pub(super) fn hint(failure: &Failure, work: Work) -> Option<&'static str> {
    match work {
        Work::Clone => clone_hint(failure),
        Work::Upload(stage) => upload_hint(failure, stage),
    }
}

/// Where an upload has other flags or another way out.
fn clone_hint(failure: &Failure) -> Option<&'static str> {
    let refused =
        |error: &OfflineError| matches!(error, OfflineError::Storage { kind: StorageKind::Refused, .. });
    match &failure.cause {
        Some(Cause::Request(error)) => match error.kind()? {
            TransportKind::NoRoute => None,
            TransportKind::Timeout => {
                Some("--timeout gives a request more time; a smaller --pull-limit makes answers shorter")
            }
            kind => transport_hint(kind),
        },
        Some(Cause::Offline(error)) if refused(error) => Some(
            "change the table's constraint, and run the same command again: the clone goes on with this change",
        ),
        None if failure.body().code == code::CURSOR_EXPIRED => Some(
            "the clone was interrupted for so long that the server has forgotten deletes since then: remove the \
             file, and clone again",
        ),
        _ => upload_hint(failure, Stage::All),
    }
}

fn upload_hint(failure: &Failure, stage: Stage) -> Option<&'static str> {
    match &failure.cause {
        Some(Cause::Request(error)) if error.kind() == Some(TransportKind::NoRoute) => {
            // The message of a wrong base says what to do; a server without `pull` can be meant.
            (failure.body().path == PULL_PATH)
                .then_some("for a server without a pull route, `cloneup --no-pull-after` goes without it")
        }
        Some(Cause::Request(error)) => transport_hint(error.kind()?),
        Some(Cause::Offline(error)) => offline_hint(error),
        _ => code_hint(failure, stage),
    }
}

fn transport_hint(kind: TransportKind) -> Option<&'static str> {
    match kind {
        #[cfg(feature = "serve")]
        TransportKind::Connect => Some(
            "check the address, and that the server is running; `synctool serve` starts one on this machine",
        ),
        #[cfg(not(feature = "serve"))]
        TransportKind::Connect => Some("check the address, and that the server is running"),
        TransportKind::Proxy => Some(
            "check the proxy that the message names: it comes from --proxy, or from HTTPS_PROXY, HTTP_PROXY or \
             ALL_PROXY; --no-proxy goes without it, NO_PROXY for single hosts",
        ),
        TransportKind::Certificate => Some(
            "the server answers, but its certificate is not trusted: --ca-cert FILE trusts the CA that has \
             issued it; a wrong name or date can only be corrected at the server",
        ),
        TransportKind::NotJson | TransportKind::Redirect => {
            Some("the URL is the base to which /push and /pull are added, such as https://example.org/datafn")
        }
        TransportKind::Timeout => {
            Some("--timeout gives a request more time; a smaller --batch-size makes requests shorter")
        }
        _ => None,
    }
}

fn offline_hint(error: &OfflineError) -> Option<&'static str> {
    match error {
        OfflineError::Storage { kind: StorageKind::Locked, .. } => {
            Some("another program has locked the database: wait until it is done or close it, then try again")
        }
        OfflineError::Storage { kind: StorageKind::Foreign(what), .. } => Some(foreign_hint(*what)),
        OfflineError::Storage { kind: StorageKind::Folder, .. } => {
            Some("name the databases in it: cloneup takes several, as with --db 'folder/*.db'")
        }
        OfflineError::Storage { kind: StorageKind::Missing, .. } => {
            Some("`synctool schema check SCHEMA --db DB` lists everything that does not match")
        }
        OfflineError::Storage { kind: StorageKind::Refused, .. } => Some(
            "change the local row or the table's constraint and run again: the pull goes on with this \
             change; `cloneup --no-pull-after` uploads without pulling",
        ),
        _ => None,
    }
}

/// For a file that SQLite cannot read.
fn foreign_hint(what: ForeignFile) -> &'static str {
    match what {
        ForeignFile::Encrypted => {
            "synctool reads no encrypted databases: make a plain copy with the application's key first, as with \
             SQLCipher's `sqlcipher_export`: sqlcipher app.db \"PRAGMA key = '…'; ATTACH 'plain.db' AS plain KEY \
             ''; SELECT sqlcipher_export('plain');\""
        }
        ForeignFile::Archive => "unpack the file first",
        ForeignFile::Text => "if it is a dump in SQL, make a database of it first: sqlite3 app.db < dump.sql",
        ForeignFile::Unknown => "the file must be a SQLite database, version 3",
    }
}

/// For the server's own errors, and for refused credentials.
fn code_hint(failure: &Failure, stage: Stage) -> Option<&'static str> {
    match failure.body().code.as_str() {
        code::FORBIDDEN => {
            Some("the token is missing, wrong or expired: see SYNCTOOL_TOKEN and --token-file")
        }
        code::CURSOR_EXPIRED => Some(
            "the database was not pulled for so long that the server has forgotten deletes since then: begin \
             with a new copy of the server's data, which `synctool clone` makes; `cloneup --no-pull-after` \
             uploads without pulling",
        ),
        code::NOT_EQUAL => Some(
            "`synctool verify` lists what differs; `cloneup --overwrite` sends it, and with --delete-extra removes \
             what only the server has",
        ),
        code::CONFLICT => Some("the record exists already: --record-operation merge updates it"),
        // A request that is refused as a whole, with a wrong address for example, names no mutation.
        code::NOT_FOUND if failure.error.mutation_id.is_empty() => None,
        code::NOT_FOUND if stage == Stage::JoinRows => Some(
            "have all shards ended? a join row refers to a record that the server does not have, and join rows \
             go after all records",
        ),
        code::NOT_FOUND => {
            Some("a join row refers to a record that the server does not have: upload its resource too")
        }
        code::LIMIT_EXCEEDED => Some(
            "the server accepts no mutation of this size: make the row smaller, or raise the server's limit",
        ),
        code::DFQL_INVALID if is_about_an_id(failure) => Some(
            "an id is a text that is unique and not empty; `storage.idFormat` in the schema makes ids of \
             integers and BLOBs, and `synctool schema infer` writes it",
        ),
        code::DFQL_UNKNOWN_RESOURCE | code::DFQL_UNKNOWN_FIELD if failure.kind == FailureKind::Rejected => {
            Some("the schema of the server is not the one that was used here")
        }
        _ => None,
    }
}

/// Whether it is about the id of a row.
fn is_about_an_id(failure: &Failure) -> bool {
    let path = &failure.body().path;
    failure.kind == FailureKind::Invalid && path.starts_with("records[") && path.ends_with("].id")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ErrorBody, MutationError};

    const ALL: Work = Work::Upload(Stage::All);

    #[test]
    fn hints_follow_the_cause_and_the_code_whatever_the_message() {
        let locked = Failure::from(OfflineError::locked("x"));
        assert!(hint(&locked, ALL).unwrap().contains("locked"));
        let conflict = Failure::refused(ErrorBody::new(code::CONFLICT, "x", "id"));
        assert!(hint(&conflict, ALL).unwrap().contains("merge"));
        let expired = Failure::remote(ErrorBody::new(code::CURSOR_EXPIRED, "x", "cursor"));
        assert!(hint(&expired, ALL).unwrap().contains("new copy"));
        let own_schema = Failure::invalid(code::DFQL_UNKNOWN_RESOURCE, "unknown resource", "resources[0]");
        assert_eq!(hint(&own_schema, ALL), None);
        let refused_whole = Failure::refused(ErrorBody::new(code::NOT_FOUND, "no such route", "$"));
        assert_eq!(hint(&refused_whole, ALL), None);
        let no_record = MutationError { mutation_id: "m".to_owned(), body: refused_whole.body().clone() };
        let no_record = Failure::rejected(no_record, None);
        assert!(
            hint(&no_record, Work::Upload(Stage::JoinRows)).unwrap().starts_with("have all shards ended?")
        );
        assert!(!hint(&no_record, ALL).unwrap().contains("shards"));
        assert_eq!(hint(&Failure::usage("cannot connect: locked", "x"), ALL), None);
        let no_id = Failure::invalid(code::DFQL_INVALID, "x", "records[7].id");
        assert!(hint(&no_id, ALL).unwrap().contains("idFormat"));
    }

    #[test]
    fn the_hint_of_a_clone_names_no_flag_of_an_upload() {
        let locked = Failure::from(OfflineError::locked("x"));
        assert_eq!(hint(&locked, Work::Clone), hint(&locked, ALL));
        let refused =
            OfflineError::Storage { what: "x".to_owned(), kind: StorageKind::Refused, source: None };
        let expired = Failure::remote(ErrorBody::new(code::CURSOR_EXPIRED, "x", "cursor"));
        for failure in [Failure::from(refused), expired] {
            assert!(hint(&failure, ALL).unwrap().contains("cloneup"));
            assert!(!hint(&failure, Work::Clone).unwrap().contains("cloneup"));
        }
    }
}
