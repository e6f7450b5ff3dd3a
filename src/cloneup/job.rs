//! What every step of a run needs, once it is planned. The steps are in [`super::upload`] and
//! [`super::finish`].

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::observer::Observer;
use super::options::Options;
use super::progress::StagedIdentity;
use super::send::gate::RequestGate;
use super::send::rejections::Rejections;
use crate::offline::Database;
use crate::protocol::ServerStatus;
use crate::remote::Remote;
use crate::schema::Schema;

/// A run under way.
pub(super) struct Job<'a> {
    pub(super) options: Arc<Options>,
    pub(super) schema: Arc<Schema>,
    pub(super) database: Database,
    pub(super) remote: &'a Remote,
    pub(super) gate: RequestGate,
    pub(super) rejections: Arc<Rejections>,
    pub(super) observer: &'a dyn Observer,
    /// Cooperative cancellation: nothing new is sent, requests in flight are awaited.
    pub(super) cancellation: CancellationToken,
    pub(super) client_id: String,
    /// Whether no other upload of this process has the same client id: what the server has of that client
    /// since the run began comes from this database.
    pub(super) is_only_one: bool,
    /// The server's status; empty for a server without that route.
    pub(super) server: ServerStatus,
}

impl Job<'_> {
    /// The identity of the upload that the run is a part of.
    pub(super) fn staged_identity(&self) -> StagedIdentity {
        let store_id = self.server.store_id.as_deref();
        StagedIdentity::new(self.remote, &self.client_id, store_id, &self.schema, &self.options)
    }
}
