//! What the uploads of several databases have in common (contract 3.7): the gate of their requests, the
//! server's status, the count of rejected mutations, and which client ids are in use. The uploads are begun
//! in [`super::many`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OnceCell, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::observer::Observer;
use super::options::Options;
use super::send::gate::RequestGate;
use super::send::rejections::Rejections;
use super::server_status::server_status;
use crate::protocol::ServerStatus;
use crate::remote::Remote;

/// Shared by all uploads that run side by side.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) gate: RequestGate,
    pub(super) rejections: Arc<Rejections>,
    server: OnceCell<Result<ServerStatus, Failure>>,
    client_ids: ClientIds,
}

impl Shared {
    pub(super) fn new(remote: &Remote, options: &Options) -> Self {
        Self {
            gate: RequestGate::new(options.concurrency, remote.pace().clone()),
            rejections: Arc::new(Rejections::new(options)),
            server: OnceCell::new(),
            client_ids: ClientIds::default(),
        }
    }

    /// The server's status: the first upload asks for it, and waits for a server that does not answer yet.
    ///
    /// # Errors
    /// The same [`Failure`] for all of them when the wait was in vain.
    pub(super) async fn server_status(
        &self,
        remote: &Remote,
        options: &Options,
        observer: &dyn Observer,
        cancellation: &CancellationToken,
    ) -> Result<ServerStatus, Failure> {
        let ask = || server_status(remote, options.wait, observer, cancellation);
        self.server.get_or_init(ask).await.clone()
    }

    /// Waits until no other upload uses this client id, and claims it.
    pub(super) async fn claim(&self, client_id: &str) -> Claim {
        self.client_ids.claim(client_id).await
    }
}

/// The client ids of all uploads that have begun.
#[derive(Debug, Default)]
struct ClientIds(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

/// The right to upload under a client id; dropping it lets the next one begin.
#[derive(Debug)]
pub(super) struct Claim {
    /// Whether another upload has claimed the id before.
    pub(super) is_repeated: bool,
    _guard: OwnedMutexGuard<()>,
}

impl ClientIds {
    async fn claim(&self, client_id: &str) -> Claim {
        let (id, is_repeated) = {
            // The map is consistent after a panic elsewhere: no code panics while it holds the lock.
            let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let is_repeated = ids.contains_key(client_id);
            (Arc::clone(ids.entry(client_id.to_owned()).or_default()), is_repeated)
        };
        Claim { is_repeated, _guard: id.lock_owned().await }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn uploads_under_one_client_id_run_one_after_the_other() {
        let ids = ClientIds::default();
        let first = ids.claim("a").await;
        let other = ids.claim("b").await;
        assert!(!first.is_repeated && !other.is_repeated);
        let second = tokio::time::timeout(Duration::from_mins(1), ids.claim("a")).await;
        assert!(second.is_err(), "the first one is under way");
        drop(first);
        assert!(ids.claim("a").await.is_repeated);
    }
}
