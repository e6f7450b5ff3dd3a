//! Why a request brought no usable answer (contract 3.3): typed, because the retry loop, the
//! halving of batches and the hints decide on it. What an answer means is decided in
//! [`super::classify`].

use std::time::Duration;

use crate::protocol::ErrorBody;

/// Why a request brought no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A transport error in the contract's words: another try may succeed.
    #[error("{0}")]
    Transient(TransportError),
    /// The protocol is broken: another try is pointless.
    #[error("{0}")]
    Broken(TransportError),
    /// The credentials are missing, wrong or not enough (HTTP 401 or 403).
    #[error("{}", .0.message)]
    Forbidden(ErrorBody),
    /// The request is larger than the server takes; with the server's own error, if it sent one.
    #[error("the request is larger than the server takes")]
    TooLarge(Excess, Option<ErrorBody>),
    /// The server does not take the content coding of the body (HTTP 415).
    #[error("the server does not take the body's content coding")]
    NotDecoded,
    /// The server refuses the request as a whole.
    #[error("{}", .0.message)]
    Refused(ErrorBody),
}

/// A request that failed between the two sides, or an answer that is none of the protocol's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// What kind of failure it is.
    pub kind: TransportKind,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// What happened, for a person; without the address.
    pub message: String,
    /// The pause that the server asks for with `Retry-After`.
    pub retry_after: Option<Duration>,
    /// Whether the server asks for fewer requests: HTTP 429, or any `Retry-After`.
    pub is_throttled: bool,
}

/// The kinds of transport errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportKind {
    /// No connection could be made.
    Connect,
    /// There was no answer within the timeout.
    Timeout,
    /// The connection failed while it was in use.
    Connection,
    /// The status says to try again later: 408, 425, 429, 500, 502, 503, 504.
    Status,
    /// The answer is not JSON.
    NotJson,
    /// The answer is JSON of neither dialect (contract 3.3).
    NeitherDialect,
    /// The answer is larger than the limit.
    AnswerTooLarge,
    /// A redirect that is not followed.
    Redirect,
}

/// What there is too much of in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Bytes: HTTP 413.
    Bytes,
    /// Mutations: any other `LIMIT_EXCEEDED`.
    Mutations,
}

impl RequestError {
    /// What kind of transport error it is, if it is one.
    #[must_use]
    pub fn kind(&self) -> Option<TransportKind> {
        self.transport().map(|error| error.kind)
    }

    /// The transport error, if it is one.
    #[must_use]
    pub fn transport(&self) -> Option<&TransportError> {
        match self {
            Self::Transient(error) | Self::Broken(error) => Some(error),
            _ => None,
        }
    }

    /// For an error that is worth another try: the pause that the server asks for, if it does.
    #[must_use]
    pub fn retry_after(&self) -> Option<Option<Duration>> {
        match self {
            Self::Transient(error) => Some(error.retry_after),
            _ => None,
        }
    }

    /// Whether the server asks for fewer requests.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        matches!(self, Self::Transient(error) if error.is_throttled)
    }

    /// The texts that may repeat what the server wrote.
    pub(super) fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        match self {
            Self::Transient(error) | Self::Broken(error) => vec![&mut error.message],
            Self::Forbidden(body) | Self::Refused(body) | Self::TooLarge(_, Some(body)) => {
                vec![&mut body.message, &mut body.path]
            }
            Self::TooLarge(_, None) | Self::NotDecoded => Vec::new(),
        }
        .into_iter()
    }

    pub(super) fn transient(kind: TransportKind, message: impl Into<String>) -> Self {
        Self::Transient(TransportError::new(kind, message))
    }

    pub(super) fn broken(kind: TransportKind, message: impl Into<String>) -> Self {
        Self::Broken(TransportError::new(kind, message))
    }
}

impl TransportError {
    pub(super) fn new(kind: TransportKind, message: impl Into<String>) -> Self {
        Self { kind, status: None, message: message.into(), retry_after: None, is_throttled: false }
    }

    pub(super) fn with_status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }
}
