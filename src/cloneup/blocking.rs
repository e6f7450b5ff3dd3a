//! Blocking work on threads where it may block.

use std::time::Duration;

/// Runs what blocks on a thread where it may.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        // It is never aborted, so it has panicked.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Breaks reading off, again and again until it has ended: between two statements there is
/// nothing to break off.
pub(crate) async fn break_off<T>(mut reading: impl Future<Output = T> + Unpin, interrupt: impl Fn()) -> T {
    loop {
        interrupt();
        tokio::select! {
            read = &mut reading => return read,
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
    }
}
