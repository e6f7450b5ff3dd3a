//! The server's status before the first byte is sent, and the wait for a server that does not answer yet
//! (contract 3.10, `--wait`). What a dry run finds out about a server is in [`super::server_check`].

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::failure::{Failure, STATUS_PATH};
use super::observer::{Event, Observer};
use crate::protocol::ServerStatus;
use crate::remote::{GaveUp, Remote, RequestError, RetryError, TransportKind};

/// The timeout for the server's status. Nothing depends on the status, so it is shorter than the
/// timeout of a push.
const STATUS_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause before the server is asked again: short for a person, and long for a server that starts.
const PAUSE: Duration = Duration::from_millis(500);

/// The statuses of a gateway without a server behind it.
const NO_SERVER_YET: [u16; 3] = [502, 503, 504];

/// The server's status. A server without that route counts as one without limits and extensions; the
/// first push shows whether the server answers at all.
///
/// Waits up to `wait` for a server that does not answer.
///
/// # Errors
/// A [`Failure`] with the last cause, when the server does not answer in this time. With a `wait` of zero
/// there is none.
pub(super) async fn server_status(
    remote: &Remote,
    wait: Duration,
    observer: &dyn Observer,
    cancellation: &CancellationToken,
) -> Result<ServerStatus, Failure> {
    let (start, mut tries) = (Instant::now(), 0);
    loop {
        let asked = tokio::select! {
            asked = remote.status_within(STATUS_TIMEOUT) => asked,
            // Nothing will be sent to the server.
            () = cancellation.cancelled() => return Ok(ServerStatus::default()),
        };
        let error = match asked {
            Ok(status) => return Ok(status),
            Err(error) if !wait.is_zero() && is_not_there_yet(&error) => error,
            Err(error) => {
                tracing::debug!(%error, "the server has no usable status");
                return Ok(ServerStatus::default());
            }
        };
        tries += 1;
        let (url, elapsed) = (remote.status_url(), start.elapsed());
        let Some(left) = wait.checked_sub(elapsed).filter(|left| !left.is_zero()) else {
            let (method, reason) = ("GET", GaveUp::Exhausted);
            let error = RetryError { method, url, tries, elapsed, reason, source: error };
            return Err(Failure::transport(error, STATUS_PATH));
        };
        if tries == 1 {
            let reason = error.to_string();
            observer.on(&Event::WaitingForServer { wait, url: &url, reason: &reason });
        }
        let pause = error.retry_after().unwrap_or(PAUSE).max(PAUSE).min(left);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = cancellation.cancelled() => return Ok(ServerStatus::default()),
        }
    }
}

/// Whether no server answers, but one may soon: it is worth the wait.
fn is_not_there_yet(error: &RequestError) -> bool {
    let RequestError::Transient(error) = error else { return false };
    match error.kind {
        TransportKind::Connect
        | TransportKind::Proxy
        | TransportKind::Timeout
        | TransportKind::Connection => true,
        TransportKind::Status => error.status.is_some_and(|status| NO_SERVER_YET.contains(&status)),
        _ => false,
    }
}
