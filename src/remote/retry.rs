//! The error of a request that was sent once or several times and brought no usable answer. The
//! loop that sends it again is in [`crate::cloneup`].

use std::time::Duration;

use super::error::{RequestError, TransportKind};

/// A request that brought no usable answer, retries included.
#[derive(Debug, thiserror::Error)]
#[error("{method} {url}: {source}{}", self.ending())]
pub struct RetryError {
    /// The HTTP method.
    pub method: &'static str,
    /// The address, without credentials or query.
    pub url: String,
    /// How often the request was sent.
    pub tries: u32,
    /// The time from the first try to the last answer.
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
    /// The error is not one that another try can mend.
    NotRetryable,
    /// All retries are used up.
    Exhausted,
    /// The server asks for a pause that is longer than ten times `--retry-max-delay`.
    PauseTooLong(Duration),
}

impl RetryError {
    /// What kind of transport error it was, if it was one.
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
