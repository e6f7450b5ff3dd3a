//! Blocking work of async code: SQLite, compression and digests run on blocking threads. The work itself
//! is in the callers.

use std::time::Duration;

use crate::blocking_pool::run_on_pool;

/// The pause between two interrupts of work that is to end.
const INTERRUPT_INTERVAL: Duration = Duration::from_millis(50);

/// Runs blocking work on a thread where it may block.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match run_on_pool(work).await {
        Ok(result) => result,
        // The task is never aborted, so it has panicked.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Calls `interrupt` until the work has ended: an interrupt between two SQL statements has no
/// effect, so one call is not enough.
pub(super) async fn interrupt_until_done<T>(
    mut work: impl Future<Output = T> + Unpin,
    interrupt: impl Fn(),
) -> T {
    loop {
        interrupt();
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(INTERRUPT_INTERVAL) => {}
        }
    }
}
