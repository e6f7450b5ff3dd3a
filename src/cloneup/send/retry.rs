//! The retry loop of pushes and pulls (contract 3.3): exponential backoff with full jitter, or
//! the pause that the server asks for. What an error means is decided in [`crate::remote`]; how
//! long a pause is, in its `Backoff`.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::cloneup::observer::{Event, Observer};
use crate::remote::{Backoff, GaveUp, NextTry, RequestError, RetryError};

/// For how long an interrupted run awaits what is in flight (contract 3.5): less than the 10 s after
/// which service managers and container runtimes kill a process that they have asked to end.
const GRACE: Duration = Duration::from_secs(5);

/// Ends when a run was cancelled and what was in flight then has been awaited for long enough.
pub(crate) async fn grace_is_over(cancellation: &CancellationToken) {
    cancellation.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum SendError {
    /// The run was cancelled before the request was answered.
    Cancelled,
    /// The request failed, and is not sent again.
    Failed(RetryError),
}

/// Why one try brought no answer.
pub(crate) enum TryError {
    /// The run was cancelled.
    Cancelled,
    /// The request failed.
    Failed(RequestError),
}

/// The run was cancelled during a pause.
pub(crate) struct Cancelled;

/// A request that the loop may send several times.
pub(crate) trait Request {
    /// What the server answers.
    type Answer;

    /// The HTTP method and the address, for errors.
    fn target(&self) -> (&'static str, String);

    /// Sends the request once.
    async fn send(&mut self) -> Result<Self::Answer, TryError>;

    /// Waits before the next try; `is_throttled` says that the server asks for fewer requests.
    async fn pause(&mut self, wait: Duration, is_throttled: bool) -> Result<(), Cancelled>;
}

/// Sends a request until it is answered, is not worth another try, or is cancelled.
pub(crate) async fn send_with_retries<R: Request>(
    request: &mut R,
    backoff: &Backoff,
    observer: &dyn Observer,
) -> Result<R::Answer, SendError> {
    let (start, mut retries) = (Instant::now(), 0);
    loop {
        let error = match request.send().await {
            Ok(answer) => return Ok(answer),
            Err(TryError::Cancelled) => return Err(SendError::Cancelled),
            Err(TryError::Failed(error)) => error,
        };
        let transient = error.transport().filter(|_| error.is_transient());
        let next = transient.map(|cause| (cause, backoff.next(retries, error.retry_after())));
        let reason = match next {
            Some((cause, NextTry::After(wait))) => {
                retries += 1;
                let max_retries = backoff.max_retries();
                observer.on(&Event::Retrying { retry: retries, max_retries, wait, error: cause });
                match request.pause(wait, error.is_throttled()).await {
                    Ok(()) => continue,
                    Err(Cancelled) => return Err(SendError::Cancelled),
                }
            }
            Some((_, NextTry::Exhausted)) => GaveUp::Exhausted,
            Some((_, NextTry::TooLong(pause))) => GaveUp::PauseTooLong(pause),
            None => GaveUp::NotRetryable,
        };
        let (method, url) = request.target();
        let (tries, elapsed) = (retries + 1, start.elapsed());
        return Err(SendError::Failed(RetryError { method, url, tries, elapsed, reason, source: error }));
    }
}
