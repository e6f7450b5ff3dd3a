//! Failures: why a run did not succeed, in one list from the answer of the server to the exit
//! status. How they are shown is decided by the command line.

use std::sync::Arc;

use serde::Serialize;

use crate::offline::{CloneError, OfflineError, RowLocation, STORAGE_PATH};
use crate::protocol::{ErrorBody, MutationError, ROOT_PATH, code};
use crate::remote::{ConfigError, RetryError};

/// The path of errors of a pull (contract 3.5).
pub(crate) const PULL_PATH: &str = "sync.pull";

/// The paths of errors of other requests (contract 3.5).
pub(super) const PUSH_PATH: &str = "sync.push";
pub(super) const STATUS_PATH: &str = "sync.status";
pub(super) const DIGEST_PATH: &str = "sync.digest";

/// One reason why a run did not succeed (contract 3.5).
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", .error.body.message)]
#[non_exhaustive]
pub struct Failure {
    /// The kind, from which the exit status follows.
    pub kind: FailureKind,
    /// Code, message and path as the result shows them; the mutation id is empty where no
    /// mutation is to blame.
    pub error: MutationError,
    /// What a person is told instead, where a result has the contract's words.
    pub words: Option<Box<str>>,
    /// The record or join row of a rejected mutation that this run has sent, or that it did not
    /// send because no request can carry it.
    pub subject: Option<Subject>,
    /// The typed error that led to it, if there is one.
    #[source]
    pub cause: Option<Cause>,
}

/// The kinds of failures, from the least to the most severe: the most severe one of a run
/// decides its exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FailureKind {
    /// The upload was not begun, because that of another database had failed (contract 3.7).
    NotBegun,
    /// The server rejected a mutation, or refused a request as a whole.
    Rejected,
    /// The server cannot be reached, refuses the credentials or breaks the protocol.
    Remote,
    /// Options, schema or data cannot be uploaded as they are.
    Invalid,
    /// The offline database failed.
    Storage,
    /// The run was cancelled.
    Interrupted,
}

/// The record or join row that a mutation is about, as the change feed names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Subject {
    /// The resource, or the join store.
    pub resource: String,
    /// The record's id, or `from:to` of a join row.
    pub id: String,
}

/// The typed error that led to a failure: decides the hint below it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// A request brought no usable answer.
    #[error(transparent)]
    Request(Arc<RetryError>),
    /// The offline database.
    #[error(transparent)]
    Offline(Arc<OfflineError>),
}

impl Failure {
    fn new(kind: FailureKind, body: ErrorBody) -> Self {
        Self { kind, error: body.into(), words: None, subject: None, cause: None }
    }

    /// An option, or data, that cannot be uploaded as it is. The only place that writes
    /// "Invalid cloneUp: " (contract 3.5).
    #[must_use]
    pub fn invalid(code: &str, message: impl std::fmt::Display, path: impl Into<String>) -> Self {
        let path = path.into();
        let words = format!("{message} ({path})");
        Self::new(FailureKind::Invalid, ErrorBody::new(code, format!("Invalid cloneUp: {message}"), path))
            .in_words(words)
    }

    /// The same failure, told to a person in other words than the result's: those of a command line,
    /// for example, where the result names the options of the API.
    #[must_use]
    pub(crate) fn in_words(self, words: impl Into<Box<str>>) -> Self {
        Self { words: Some(words.into()), ..self }
    }

    /// A command line or configuration file that cannot be carried out.
    #[must_use]
    pub fn usage(message: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(FailureKind::Invalid, ErrorBody::new(code::DFQL_INVALID, message, path))
    }

    /// A schema that is missing or cannot be used.
    #[must_use]
    pub fn schema(message: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(FailureKind::Invalid, ErrorBody::new(code::SCHEMA_INVALID, message, path))
    }

    /// The server rejected a mutation; `subject` is known where it is one of this run.
    #[must_use]
    pub(crate) fn rejected(error: MutationError, subject: Option<Subject>) -> Self {
        Self { kind: FailureKind::Rejected, error, words: None, subject, cause: None }
    }

    /// The server refused a request as a whole.
    #[must_use]
    pub(crate) fn refused(body: ErrorBody) -> Self {
        Self::new(FailureKind::Rejected, body)
    }

    /// A request brought no usable answer; `path` is the request's (contract 3.5).
    #[must_use]
    pub(crate) fn transport(error: RetryError, path: &str) -> Self {
        let body = ErrorBody::new(code::TRANSPORT_ERROR, error.to_string(), path);
        Self { cause: Some(Cause::Request(Arc::new(error))), ..Self::new(FailureKind::Remote, body) }
    }

    /// The server answered in a way that the protocol does not allow.
    #[must_use]
    pub(crate) fn broken_protocol(message: impl Into<String>, path: &str) -> Self {
        Self::new(FailureKind::Remote, ErrorBody::new(code::TRANSPORT_ERROR, message, path))
    }

    /// The server refused the credentials. Servers use codes of their own for this; the result
    /// has one.
    #[must_use]
    pub(crate) fn forbidden(message: impl Into<String>, path: &str) -> Self {
        Self::new(FailureKind::Remote, ErrorBody::new(code::FORBIDDEN, message, path))
    }

    /// A pull or status request was refused as a whole, for a reason the server names.
    #[must_use]
    pub(crate) fn remote(body: ErrorBody) -> Self {
        Self::new(FailureKind::Remote, body)
    }

    /// The run was cancelled.
    #[must_use]
    pub(crate) fn interrupted() -> Self {
        let message = "the run was interrupted; the same command finishes it";
        Self::new(FailureKind::Interrupted, ErrorBody::new(code::CANCELLED, message, ROOT_PATH))
    }

    /// The upload of a database was not begun, because that of another one had failed.
    #[must_use]
    pub(crate) fn not_begun() -> Self {
        let message = "the upload was not begun, because another one had failed";
        Self::new(FailureKind::NotBegun, ErrorBody::new(code::CANCELLED, message, ROOT_PATH))
    }

    /// The program failed in a way that no input explains, or the system refused it something.
    #[must_use]
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Storage, ErrorBody::new(code::INTERNAL, message, ROOT_PATH))
    }

    /// A file or database of the reference server, or of a demonstration, failed.
    #[must_use]
    pub fn storage(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Storage, ErrorBody::new(code::STORAGE_ERROR, message, ROOT_PATH))
    }

    /// Whether both are the same error of a request as a whole. How often a request was sent, for how
    /// long, and which pause the server asks for, makes no difference.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        let (a, b) = (&self.error, &other.error);
        if self.kind != other.kind
            || !(a.mutation_id.is_empty() && b.mutation_id.is_empty())
            || (&a.body.code, &a.body.path) != (&b.body.code, &b.body.path)
        {
            return false;
        }
        match (&self.cause, &other.cause) {
            (Some(Cause::Request(a)), Some(Cause::Request(b))) => {
                a.url == b.url && a.source.is_same_as(&b.source)
            }
            _ => a.body.message == b.body.message,
        }
    }

    /// Where the row that cannot be uploaded is in the offline database, where that is known.
    #[must_use]
    pub fn location(&self) -> Option<&RowLocation> {
        match &self.cause {
            Some(Cause::Offline(error)) => error.location(),
            _ => None,
        }
    }

    /// Code, message and path, without a mutation id.
    #[must_use]
    pub fn body(&self) -> &ErrorBody {
        &self.error.body
    }
}

impl From<OfflineError> for Failure {
    fn from(error: OfflineError) -> Self {
        let failure = match &error {
            OfflineError::Data { code, message, path, .. } => Self::invalid(code, message, path),
            OfflineError::Interrupted => Self::interrupted(),
            OfflineError::Storage { .. } | OfflineError::Stopped => Self::new(
                FailureKind::Storage,
                ErrorBody::new(code::STORAGE_ERROR, error.to_string(), STORAGE_PATH),
            ),
        };
        Self { cause: Some(Cause::Offline(Arc::new(error))), ..failure }
    }
}

impl From<CloneError> for Failure {
    fn from(error: CloneError) -> Self {
        match error {
            CloneError::Offline(error) => error.into(),
            // What a person can change: the file, the schema or the server that is named.
            refused => Self::usage(refused.to_string(), STORAGE_PATH),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::invalid(code::DFQL_INVALID, &error, error.path())
    }
}

/// One failure or several, since everything that is wrong with the options is reported at once.
/// It is made from anything that a [`Failure`] is made from, so that `?` works.
#[derive(Debug)]
pub struct Failures(pub Vec<Failure>);

impl<F: Into<Failure>> From<F> for Failures {
    fn from(failure: F) -> Self {
        Self(vec![failure.into()])
    }
}

/// The most severe kind among failures; `None` when there are none.
#[must_use]
pub fn most_severe<'f>(failures: impl IntoIterator<Item = &'f Failure>) -> Option<FailureKind> {
    failures.into_iter().map(|failure| failure.kind).max()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::remote::{GaveUp, RequestError, TransportError, TransportKind};

    #[test]
    fn the_most_severe_failure_decides() {
        let storage = Failure::from(OfflineError::storage("disk full"));
        let rejected = Failure::refused(ErrorBody::new(code::CONFLICT, "no", "id"));
        assert_eq!(most_severe([&rejected, &storage, &rejected]), Some(FailureKind::Storage));
        assert_eq!(most_severe([&rejected]), Some(FailureKind::Rejected));
        assert_eq!(most_severe([]), None);
    }

    #[test]
    fn the_pause_that_a_server_asks_for_makes_no_other_error() {
        let throttled = |seconds, message: &str| {
            let source = RequestError::Transient(TransportError {
                kind: TransportKind::Status,
                status: Some(503),
                message: message.to_owned(),
                retry_after: Some(Duration::from_secs(seconds)),
                is_throttled: true,
            });
            let (url, elapsed) = ("http://h/push".to_owned(), Duration::ZERO);
            let reason = GaveUp::PauseTooLong(Duration::from_secs(seconds));
            Failure::transport(
                RetryError { method: "POST", url, tries: 1, elapsed, reason, source },
                PUSH_PATH,
            )
        };
        assert!(throttled(86_401, "slow").is_same_as(&throttled(86_400, "slow")));
        assert!(!throttled(1, "slow").is_same_as(&throttled(1, "down")));
    }

    #[test]
    fn the_cause_of_a_storage_failure_is_kept() {
        let failure = Failure::from(OfflineError::locked("busy"));
        assert_eq!(
            (failure.body().code.as_str(), failure.body().path.as_str()),
            ("STORAGE_ERROR", "storage")
        );
        assert!(matches!(failure.cause, Some(Cause::Offline(_))));
        assert!(std::error::Error::source(&failure).is_some());
    }
}
