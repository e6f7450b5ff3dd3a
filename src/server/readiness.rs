//! Whether the server is ready for requests: the store answers, and the server is not shutting down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use super::store::Store;

/// How long the store may take to answer. Load balancers usually wait for some seconds, and count no answer
/// as a failure.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Whether the server is ready.
#[derive(Debug, Default)]
pub(super) struct Readiness {
    is_stopping: AtomicBool,
    /// What the log was told last.
    has_failed: AtomicBool,
    /// Held while the store is asked, so that one that hangs has one question, however often it is asked.
    asking: Arc<Mutex<()>>,
}

impl Readiness {
    /// Says that the server is about to shut down.
    pub(super) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the server is about to shut down.
    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Asks the store for the last step of its sequence; `None` if it does not answer. The log gets the
    /// reason.
    pub(super) async fn ask(&self, store: &Store) -> Option<u64> {
        let (store, asking) = (store.clone(), Arc::clone(&self.asking));
        let answer = async {
            let guard = asking.lock_owned().await;
            // A task of its own goes on when the time is over, and holds the lock as long as it does.
            let asked = tokio::spawn(async move {
                let answer = store.check().await.map_err(|error| error.to_string());
                drop(guard);
                answer
            });
            asked.await.unwrap_or_else(|error| Err(error.to_string()))
        };
        let answer = tokio::time::timeout(TIMEOUT, answer).await;
        let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())));
        let has_failed = answer.is_err();
        if self.has_failed.swap(has_failed, Ordering::Relaxed) != has_failed {
            match &answer {
                Ok(_) => tracing::warn!("the store answers again"),
                Err(error) => tracing::error!(%error, "the store does not answer"),
            }
        }
        answer.ok()
    }
}
