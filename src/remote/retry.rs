//! The error of a request that got no usable answer, retries included. The loop that sends it
//! again is in [`crate::cloneup`]; the error of a single try is in [`super::error`].

use std::time::Duration;

use super::error::{RequestError, TransportKind};

/// A request that got no usable answer, retries included.
#[derive(Debug, thiserror::Error)]
#[error("{method} {url}: {source}{}", self.ending())]
#[non_exhaustive]
pub struct RetryError {
    /// The HTTP method, such as `POST`.
    pub method: &'static str,
    /// The URL, without credentials or query.
    pub url: String,
    /// How many times the request was sent, at least 1.
    pub tries: u32,
    /// The time from the start of the first try to the end of the last one, pauses included.
    pub elapsed: Duration,
    /// Why there is no further try.
    pub reason: GaveUp,
    /// The error of the last try.
    pub source: RequestError,
}

/// Why a request is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GaveUp {
    /// Another try would fail in the same way.
    NotRetryable,
    /// All retries are used up.
    Exhausted,
    /// The server asks for a pause that is longer than ten times `--retry-max-delay`.
    PauseTooLong(Duration),
}

impl RetryError {
    /// The kind of the last try's error, if it is a transport error.
    #[must_use]
    pub fn kind(&self) -> Option<TransportKind> {
        self.source.kind()
    }

    fn ending(&self) -> String {
        let tries = if self.tries == 1 { "1 try".to_owned() } else { format!("{} tries", self.tries) };
        match self.reason {
            GaveUp::NotRetryable => String::new(),
            GaveUp::Exhausted => format!(" (gave up after {tries} in {:.1} s)", self.elapsed.as_secs_f64()),
            GaveUp::PauseTooLong(pause) => format!(
                " (gave up after {tries}: the server asks to wait {} s, see --retry-max-delay)",
                pause.as_secs()
            ),
        }
    }
}
