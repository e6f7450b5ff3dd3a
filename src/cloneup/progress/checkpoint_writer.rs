//! The checkpoint writer: keeps the acknowledged prefix in the sidecar file, and writes it whenever a
//! batch moves its end (contract 3.6). The file itself is [`crate::offline::Sidecar`].

use super::acked_prefix::{AckedBatch, AckedPrefix};
use super::checkpoint::Checkpoint;
use super::upload_identity::UploadIdentity;
use crate::cloneup::options::Options;
use crate::cloneup::send::delivered::Delivered;
use crate::offline::Sidecar;
use crate::protocol::{Cursor, ServerStatus};

/// Writes the checkpoint of one upload.
pub(crate) struct CheckpointWriter {
    remote: String,
    identity: UploadIdentity,
    store_id: Option<String>,
    begun_at: Option<Cursor>,
    prefix: AckedPrefix,
    /// `None` where nothing can be written.
    sidecar: Option<Sidecar>,
    /// Whether this run can be resumed. Some kinds of runs cannot; nor can one of a limited number
    /// of records while a whole upload, which was interrupted, has its checkpoint there.
    is_resumable: bool,
    is_limited: bool,
}

impl CheckpointWriter {
    /// For an upload that begins now; `remote` is shown to a person.
    pub(crate) fn new(
        remote: String,
        identity: UploadIdentity,
        server: &ServerStatus,
        sidecar: Option<Sidecar>,
        options: &Options,
    ) -> Self {
        let is_limited = options.limit.is_some();
        let yields = |sidecar| is_limited && Checkpoint::is_of_another_whole_upload(sidecar, &identity);
        let is_resumable = options.is_resumable() && !sidecar.as_ref().is_some_and(yields);
        Self {
            remote,
            identity,
            store_id: server.store_id.clone(),
            begun_at: server.cursor.clone(),
            prefix: AckedPrefix::empty(),
            sidecar,
            is_resumable,
            is_limited,
        }
    }

    /// The checkpoint that an earlier run of this upload has left, if the server still has the
    /// store that it was written for.
    pub(crate) fn earlier(&self) -> Option<Checkpoint> {
        let sidecar = self.sidecar.as_ref().filter(|_| self.is_resumable)?;
        let checkpoint = Checkpoint::read(sidecar, &self.identity)?;
        // A server that no longer names its store may have another one.
        let is_same_store = checkpoint.store_id.is_none() || checkpoint.store_id == self.store_id;
        is_same_store.then_some(checkpoint)
    }

    /// Goes on after an earlier run's prefix, before the batch with the number `next`.
    pub(crate) fn resume(&mut self, earlier: Checkpoint, next: u64) {
        if let Some(position) = earlier.position() {
            let Checkpoint { cursor, requests, repeated, .. } = earlier;
            self.prefix = AckedPrefix::resumed(position, cursor, requests, repeated, next);
            self.store_id = earlier.store_id;
            self.begun_at = earlier.begun_at;
        }
    }

    /// Records a batch; returns a warning when the checkpoint can no longer be written.
    pub(crate) fn record(&mut self, delivered: &Delivered) -> Option<String> {
        self.sidecar.as_ref()?;
        if !self.is_resumable || !delivered.is_acknowledged() {
            return None;
        }
        let Delivered { part, position, requests, repeated, .. } = *delivered;
        let batch = AckedBatch { part, position, cursor: delivered.cursor.clone(), requests, repeated };
        if !self.prefix.acknowledge(delivered.sequence, batch) {
            return None;
        }
        let text = serde_json::to_string(&self.checkpoint()?).expect("strings and numbers serialize");
        let error = self.sidecar.as_mut()?.keep(text).err()?;
        self.sidecar = None;
        Some(format!("the upload goes on without a checkpoint: {error}"))
    }

    fn checkpoint(&self) -> Option<Checkpoint> {
        let position = self.prefix.position()?;
        Some(Checkpoint {
            remote: self.remote.clone(),
            identity: self.identity.as_str().to_owned(),
            mutations: position.mutations,
            digest: position.digest.to_hex().to_string(),
            cursor: self.prefix.cursor().clone(),
            requests: self.prefix.requests(),
            repeated: self.prefix.repeated().clone(),
            store_id: self.store_id.clone(),
            begun_at: self.begun_at.clone(),
            is_limited: self.is_limited,
        })
    }

    /// The server's sequence before the upload began, if the server says it.
    pub(crate) fn begun_at(&self) -> Option<&Cursor> {
        self.begun_at.as_ref()
    }

    /// The upload has succeeded: the checkpoint is removed.
    pub(crate) fn finish(mut self) {
        if let (Some(sidecar), true) = (&mut self.sidecar, self.is_resumable) {
            sidecar.forget();
        }
    }
}
