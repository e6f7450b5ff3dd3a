//! Work that blocks, on the threads of the runtime's blocking pool. What a caller does when the work panics
//! is the caller's.

use std::any::Any;
use std::future::Future;

use tokio::task::JoinError;

/// Work of any kind. The runtime's code for a task is compiled once for each type of work, and takes several
/// kilobytes: with this type, once.
type Work = Box<dyn FnOnce() -> Box<dyn Any + Send> + Send>;

/// Starts `work` on a thread where it may block; needs a tokio runtime. The future gives its result.
///
/// # Errors
/// [`JoinError`] when the work has panicked, or when the runtime has ended before it began.
pub(crate) fn run_on_pool<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, JoinError>> {
    let work: Work = Box::new(move || Box::new(work()));
    let running = tokio::task::spawn_blocking(work);
    async move {
        let result = running.await?.downcast();
        Ok(*result.unwrap_or_else(|_| unreachable!("the work gives a result of the caller's type")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_result_arrives_with_its_type() {
        assert_eq!(run_on_pool(|| vec!["a".to_owned()]).await.unwrap(), ["a"]);
        assert_eq!(run_on_pool(|| 1_u64).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_with_its_payload() {
        let error = run_on_pool(|| -> u64 { panic!("no memory") }).await.unwrap_err();
        assert_eq!(error.into_panic().downcast_ref::<&str>(), Some(&"no memory"));
    }

    #[tokio::test]
    async fn work_runs_to_its_end_without_its_future() {
        let (sender, receiver) = std::sync::mpsc::channel();
        drop(run_on_pool(move || sender.send(1)));
        assert_eq!(receiver.recv(), Ok(1));
    }
}
