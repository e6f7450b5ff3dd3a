//! How far an upload has come (contract 3.6): which contiguous prefix of its batches the
//! server has acknowledged, bound to everything that decides what these batches are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::deliver::Delivery;
use super::options::Options;
use crate::offline::{Database, Sidecar};
use crate::protocol::Cursor;
use crate::remote::Remote;
use crate::schema::Schema;

/// A running digest of the mutation ids of a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct PrefixDigest(String);

impl PrefixDigest {
    /// That of no batch at all.
    pub(super) fn empty() -> Self {
        Self(String::new())
    }

    /// The digest with one more batch.
    pub(super) fn with(&self, batch: &blake3::Hash) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.0.as_bytes());
        hasher.update(batch.as_bytes());
        Self(hasher.finalize().to_hex().to_string())
    }
}

/// What decides which batches an upload consists of, and where they go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Binding {
    remote: String,
    client_id: String,
    schema: String,
    options: String,
}

impl Binding {
    pub(super) fn new(remote: String, client_id: &str, schema: &Schema, options: &Options) -> Self {
        let options = format!(
            "{:?} {} {} {} {} {:?}",
            options.resources,
            options.include_many_many,
            options.include_deletes,
            options.record_operation.as_str(),
            options.batch_size(),
            options.mutation_id_prefix,
        );
        Self { remote, client_id: client_id.to_owned(), schema: schema.fingerprint.clone(), options }
    }
}

/// An acknowledged prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checkpoint {
    pub(super) binding: Binding,
    /// How many batches it has.
    pub(super) batches: u64,
    pub(super) digest: PrefixDigest,
    /// The highest cursor in the answers.
    pub(super) cursor: Cursor,
    /// Requests that it took.
    pub(super) requests: u64,
    /// Which store the server had, if it says so.
    pub(super) store_id: Option<String>,
}

/// How far an upload has come, for a person.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unfinished {
    /// Where it goes.
    pub remote: String,
    /// How many batches the server has acknowledged.
    pub batches: u64,
    /// The highest cursor in its answers.
    pub cursor: Cursor,
}

impl Unfinished {
    /// The upload that has not come to its end, if there is one.
    pub(super) fn peek(database: &Database) -> Option<Self> {
        let checkpoint: Checkpoint = serde_json::from_str(&Sidecar::peek(database)?).ok()?;
        let Checkpoint { binding, batches, cursor, .. } = checkpoint;
        Some(Self { remote: binding.remote, batches, cursor })
    }
}

impl Checkpoint {
    /// The one in the file, if it is of an upload with this binding.
    pub(super) fn read(sidecar: &Sidecar, binding: &Binding) -> Option<Self> {
        let checkpoint: Self = serde_json::from_str(sidecar.checkpoint()?).ok()?;
        (checkpoint.binding == *binding && checkpoint.batches > 0).then_some(checkpoint)
    }
}

/// Follows the prefix while batches are answered in any order.
#[derive(Debug)]
pub(super) struct Progress {
    current: Checkpoint,
    /// Batches behind a gap, by their place: digest, cursor and requests of each.
    ahead: BTreeMap<u64, (blake3::Hash, Option<Cursor>, u64)>,
}

impl Progress {
    /// At the beginning of an upload.
    pub(super) fn new(binding: Binding) -> Self {
        let current = Checkpoint {
            binding,
            batches: 0,
            digest: PrefixDigest::empty(),
            cursor: Cursor::zero(),
            requests: 0,
            store_id: None,
        };
        Self { current, ahead: BTreeMap::new() }
    }

    /// Behind an acknowledged prefix.
    pub(super) fn resume(checkpoint: Checkpoint) -> Self {
        Self { current: checkpoint, ahead: BTreeMap::new() }
    }

    /// A batch was acknowledged completely; returns whether the prefix has moved.
    pub(super) fn acknowledge(
        &mut self,
        sequence: u64,
        digest: blake3::Hash,
        cursor: Option<Cursor>,
        requests: u64,
    ) -> bool {
        self.ahead.insert(sequence, (digest, cursor, requests));
        let before = self.current.batches;
        while let Some((digest, cursor, requests)) = self.ahead.remove(&self.current.batches) {
            self.current.batches += 1;
            self.current.digest = self.current.digest.with(&digest);
            self.current.requests += requests;
            if let Some(cursor) = cursor {
                self.current.cursor = self.current.cursor.clone().max(cursor);
            }
        }
        self.current.batches > before
    }

    pub(super) fn set_store_id(&mut self, store_id: Option<String>) {
        self.current.store_id = store_id;
    }

    pub(super) fn current(&self) -> &Checkpoint {
        &self.current
    }
}

/// Writes the checkpoint whenever the prefix moves.
pub(super) struct Keeper {
    progress: Progress,
    /// `None` where nothing can be kept.
    sidecar: Option<Sidecar>,
    /// Whether this run is one that can be continued.
    keeps: bool,
    store_id: Option<oneshot::Receiver<Option<String>>>,
    acknowledged: u64,
}

/// After so many acknowledged batches the server is asked which store it has: it is there,
/// and the upload is one that takes more than a moment.
const ASK_AFTER: u64 = 2;

impl Keeper {
    pub(super) fn new(progress: Progress, sidecar: Option<Sidecar>, keeps: bool) -> Self {
        Self { progress, sidecar, keeps, store_id: None, acknowledged: 0 }
    }

    /// Takes a delivery in; returns a warning when the checkpoint can no longer be kept.
    pub(super) fn note(&mut self, delivery: &Delivery, remote: &Remote) -> Option<String> {
        self.sidecar.as_ref()?;
        if !self.keeps || !delivery.is_acknowledged() {
            return None;
        }
        self.ask_for_store(remote);
        let cursor = delivery.cursor.clone();
        if !self.progress.acknowledge(delivery.sequence, delivery.digest, cursor, delivery.requests) {
            return None;
        }
        // Text and numbers cannot fail to be written.
        let text = serde_json::to_string(self.progress.current()).unwrap_or_default();
        let error = self.sidecar.as_mut()?.keep(text).err()?;
        self.sidecar = None;
        Some(format!("the upload goes on without a checkpoint: {error}"))
    }

    /// Asks beside the upload which store the server has, once it has shown that it is there.
    fn ask_for_store(&mut self, remote: &Remote) {
        self.acknowledged += 1;
        if self.acknowledged == ASK_AFTER {
            let (sender, receiver) = oneshot::channel();
            self.store_id = Some(receiver);
            let remote = remote.clone();
            tokio::spawn(async move {
                // The upload may be over before the answer.
                let _ = sender.send(remote.store_id().await);
            });
        }
        if let Some(Ok(id)) = self.store_id.as_mut().map(oneshot::Receiver::try_recv) {
            self.progress.set_store_id(id);
            self.store_id = None;
        }
    }

    /// Forgets everything: the upload begins anew.
    pub(super) fn start_over(&mut self) {
        let binding = self.progress.current.binding.clone();
        self.progress = Progress::new(binding);
    }

    /// The upload has succeeded.
    pub(super) fn finish(mut self) {
        if let (Some(sidecar), true) = (&mut self.sidecar, self.keeps) {
            sidecar.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloneup::RawOptions;

    #[test]
    fn the_prefix_moves_only_without_gaps_whatever_the_order() {
        let schema = Schema::parse(r#"{"resources": []}"#).unwrap();
        let options = Options::validate(RawOptions::default()).unwrap();
        let binding = Binding::new("r".to_owned(), "c", &schema, &options);
        let hash = |sequence: u64| blake3::hash(&sequence.to_le_bytes());
        let follow = |order: [u64; 4]| {
            let mut progress = Progress::new(binding.clone());
            let moved = order.map(|sequence| {
                progress.acknowledge(sequence, hash(sequence), Some(Cursor::from(10 - sequence)), 1)
            });
            (moved, progress.current().clone())
        };
        let (moved, in_order) = follow([0, 1, 2, 3]);
        assert_eq!(moved, [true; 4]);
        let (moved, other) = follow([2, 1, 0, 3]);
        assert_eq!(moved, [false, false, true, true]);
        assert_eq!(in_order, other);
        assert_eq!((other.batches, other.requests, other.cursor), (4, 4, Cursor::from(10)));
    }
}
