//! Hints: a suggested fix below an error. They are chosen by the typed cause of a failure, or by its
//! code where the server or the contract chose one; never by the text of a message.

use crate::cloneup::{Cause, Failure, FailureKind};
use crate::offline::{OfflineError, StorageKind};
use crate::protocol::code;
use crate::remote::TransportKind;

/// A suggested fix for a failure, where its message does not contain it already.
pub(super) fn hint(failure: &Failure) -> Option<&'static str> {
    match &failure.cause {
        Some(Cause::Request(error)) => transport_hint(error.kind()?),
        Some(Cause::Offline(error)) => offline_hint(error),
        _ => code_hint(failure),
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
        OfflineError::Storage { kind: StorageKind::Missing, .. } => {
            Some("`synctool schema check SCHEMA --db DB` lists everything that does not match")
        }
        _ => None,
    }
}

/// For the server's own errors, and for refused credentials.
fn code_hint(failure: &Failure) -> Option<&'static str> {
    match failure.body().code.as_str() {
        code::FORBIDDEN => {
            Some("the token is missing, wrong or expired: see SYNCTOOL_TOKEN and --token-file")
        }
        code::CONFLICT => Some("the record exists already: --record-operation merge updates it"),
        code::NOT_FOUND => {
            Some("a join row refers to a record that the server does not have: upload its resource too")
        }
        code::LIMIT_EXCEEDED => Some("the server accepts no mutation of this size"),
        code::DFQL_UNKNOWN_RESOURCE | code::DFQL_UNKNOWN_FIELD if failure.kind == FailureKind::Rejected => {
            Some("the schema of the server is not the one that was used here")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ErrorBody;

    #[test]
    fn hints_follow_the_cause_and_the_code_whatever_the_message() {
        let locked = Failure::from(OfflineError::locked("x"));
        assert!(hint(&locked).unwrap().contains("locked"));
        let conflict = Failure::refused(ErrorBody::new(code::CONFLICT, "x", "id"));
        assert!(hint(&conflict).unwrap().contains("merge"));
        let own_schema = Failure::invalid(code::DFQL_UNKNOWN_RESOURCE, "unknown resource", "resources[0]");
        assert_eq!(hint(&own_schema), None);
        assert_eq!(hint(&Failure::usage("cannot connect: locked", "x")), None);
    }
}
