//! Why one request got no usable answer (contract 3.3): typed, because the retry loop, the
//! halving of batches and the hints decide on it. Which error an answer or a failed connection is
//! is decided in [`super::classify`]; the error after all retries is in [`super::retry`].

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;
use std::{io, iter};

use crate::protocol::ErrorBody;

/// Why one request got no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A transport error: another try may succeed.
    #[error("{0}")]
    Transient(TransportError),
    /// The server breaks the protocol: another try would fail in the same way.
    #[error("{0}")]
    Broken(TransportError),
    /// The credentials are missing, wrong or not sufficient: HTTP 401, HTTP 403 or code `FORBIDDEN`.
    #[error("{}", .0.message)]
    Forbidden(ErrorBody),
    /// The request is larger than the server accepts; with the server's own error, if it sent one.
    #[error("the request is larger than the server takes")]
    TooLarge(Excess, Option<ErrorBody>),
    /// The server does not accept the content coding of the body (HTTP 415).
    #[error("the server does not take the body's content coding")]
    NotDecoded,
    /// The server refuses the request as a whole.
    #[error("{}", .0.message)]
    Refused(ErrorBody),
}

/// A request that failed on the network, or an answer that does not follow the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct TransportError {
    /// The kind, from which hints follow.
    pub kind: TransportKind,
    /// The HTTP status; `None` when no answer arrived.
    pub status: Option<u16>,
    /// What happened, for a person; without the URL.
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
    /// No connection could be made; with TLS, the handshake included.
    Connect,
    /// No connection could be made through a proxy: it cannot be reached, or does not reach the server.
    Proxy,
    /// TLS does not accept the server's certificate.
    Certificate,
    /// The TLS handshake fails for another reason.
    Tls,
    /// No complete answer arrived within the timeout.
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
    /// There is no such route: HTTP 404, 405, 410 or 501, and no error about the request itself.
    NoRoute,
}

/// The measure by which a request is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Bytes: HTTP 413.
    Bytes,
    /// Mutations: code `LIMIT_EXCEEDED` with any other status.
    Mutations,
}

impl RequestError {
    /// The kind, if it is a transport error.
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

    /// Whether another try may succeed, so that the request is retried (contract 3.3).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transient(_))
    }

    /// Whether both are the same error. The pause that the server asks for makes no difference: that
    /// until a date is another one in each answer.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Transient(a), Self::Transient(b)) | (Self::Broken(a), Self::Broken(b)) => {
                (a.kind, a.status, &a.message) == (b.kind, b.status, &b.message)
            }
            _ => self == other,
        }
    }

    /// The pause that the server asks for with `Retry-After` before another try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Transient(error) => error.retry_after,
            _ => None,
        }
    }

    /// Whether the server asks for fewer requests: HTTP 429, or any `Retry-After`.
    #[must_use]
    pub(crate) fn is_throttled(&self) -> bool {
        matches!(self, Self::Transient(error) if error.is_throttled)
    }

    /// All texts that may repeat what the server wrote, for the redaction of secrets.
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

    /// Says in the message of a transport error which proxy the request went through.
    pub(super) fn went_through(&mut self, proxy: &str) {
        if let Self::Transient(error) | Self::Broken(error) = self {
            error.message.extend([" (through the proxy ", proxy, ")"]);
        }
    }

    /// The same error, of a route whose answers have one form only.
    pub(super) fn broken_where_neither_dialect(self) -> Self {
        match self {
            Self::Transient(error) if error.kind == TransportKind::NeitherDialect => Self::Broken(error),
            other => other,
        }
    }

    pub(crate) fn transient(kind: TransportKind, message: impl Into<String>) -> Self {
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

    /// A short name of the error for statistics: the HTTP status where that is the error, else the kind.
    #[must_use]
    pub fn name(&self) -> Cow<'static, str> {
        let kind = match self.kind {
            TransportKind::Status => match self.status {
                Some(status) => return status.to_string().into(),
                None => "status",
            },
            TransportKind::Connect => "connect",
            TransportKind::Proxy => "proxy",
            TransportKind::Certificate => "certificate",
            TransportKind::Tls => "tls",
            TransportKind::Timeout => "timeout",
            TransportKind::Connection => "connection",
            TransportKind::NotJson => "notJson",
            TransportKind::NeitherDialect => "neitherDialect",
            TransportKind::AnswerTooLarge => "answerTooLarge",
            TransportKind::Redirect => "redirect",
            TransportKind::NoRoute => "noRoute",
        };
        kind.into()
    }

    pub(super) fn with_status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }
}

/// An error and its causes, down to the first one. The error inside an [`io::Error`] is one of
/// them, although [`Error::source`] skips it: TLS errors arrive there.
pub(super) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|inner| -> &(dyn Error + 'static) { inner }),
        None => error.source(),
    })
}

/// The text of an error and its causes, without repetitions.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in causes(error).skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    #[test]
    fn causes_include_the_error_inside_an_io_error() {
        let tls = rustls::Error::HandshakeNotComplete;
        let error = Outer(io::Error::other(io::Error::other(tls.clone())));
        assert_eq!(causes(&error).count(), 4);
        assert_eq!(causes(&error).last().and_then(|error| error.downcast_ref()), Some(&tls));
        assert_eq!(chain(&error), format!("outer: {tls}"));
    }
}
