//! How far an upload has come (contract 3.6): which contiguous prefix of its mutations the
//! server has acknowledged, bound to everything that decides what these mutations are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::batch::Reached;
use super::deliver::Delivery;
use super::options::Options;
use crate::offline::{Database, Sidecar};
use crate::protocol::{Cursor, ServerStatus};
use crate::remote::Remote;
use crate::schema::Schema;

/// What decides which mutations an upload consists of, and where they go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Binding {
    remote: String,
    /// Where that leads, and as whom.
    destination: String,
    client_id: String,
    schema: String,
    options: String,
}

impl Binding {
    pub(super) fn new(remote: &Remote, client_id: &str, schema: &Schema, options: &Options) -> Self {
        let options = format!(
            "{:?} {} {} {} {} {:?}",
            options.resources,
            options.include_many_many,
            options.include_deletes,
            options.record_operation.as_str(),
            options.batch_size(),
            options.mutation_id_prefix,
        );
        Self {
            remote: remote.identity(),
            destination: remote.fingerprint().to_owned(),
            client_id: client_id.to_owned(),
            schema: schema.fingerprint.clone(),
            options,
        }
    }
}

/// An acknowledged prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checkpoint {
    pub(super) binding: Binding,
    /// How many mutations it has.
    pub(super) mutations: u64,
    /// A digest of them, in hexadecimal.
    digest: String,
    /// The highest cursor in the answers.
    pub(super) cursor: Cursor,
    /// Requests that it took.
    pub(super) requests: u64,
    /// Which store the server had, if it says so.
    pub(super) store_id: Option<String>,
    /// Where the server's sequence stood before the upload began, if it says so.
    pub(super) begun_at: Option<Cursor>,
}

/// How far an upload has come, for a person.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unfinished {
    /// Where it goes.
    pub remote: String,
    /// How many mutations the server has acknowledged.
    pub mutations: u64,
    /// The highest cursor in its answers.
    pub cursor: Cursor,
}

impl Unfinished {
    /// The upload that has not come to its end, if there is one.
    pub(super) fn peek(database: &Database) -> Option<Self> {
        let checkpoint: Checkpoint = serde_json::from_str(&Sidecar::peek(database)?).ok()?;
        let Checkpoint { binding, mutations, cursor, .. } = checkpoint;
        Some(Self { remote: binding.remote, mutations, cursor })
    }
}

impl Checkpoint {
    /// The one in the file, if it is of an upload with this binding.
    pub(super) fn read(sidecar: &Sidecar, binding: &Binding) -> Option<Self> {
        let checkpoint: Self = serde_json::from_str(sidecar.checkpoint()?).ok()?;
        (checkpoint.binding == *binding && checkpoint.mutations > 0).then_some(checkpoint)
    }

    /// That of an upload that begins.
    pub(super) fn beginning(binding: Binding, server: &ServerStatus) -> Self {
        Self {
            binding,
            mutations: 0,
            digest: String::new(),
            cursor: Cursor::zero(),
            requests: 0,
            store_id: server.store_id.clone(),
            begun_at: server.cursor.clone(),
        }
    }

    /// Whether this upload has come to the same place with the same mutations.
    pub(super) fn is_at(&self, reached: &Reached) -> bool {
        self.mutations == reached.mutations && self.digest == reached.digest.to_hex().as_str()
    }
}

/// Follows the prefix while batches are answered in any order.
#[derive(Debug)]
pub(super) struct Progress {
    current: Checkpoint,
    /// The place of the next batch of the prefix.
    next: u64,
    /// Batches behind a gap, by their place: how far each reaches, cursor and requests.
    ahead: BTreeMap<u64, (Reached, Option<Cursor>, u64)>,
}

impl Progress {
    /// Behind an acknowledged prefix, which may be an empty one.
    pub(super) fn new(current: Checkpoint) -> Self {
        Self { current, next: 0, ahead: BTreeMap::new() }
    }

    /// A batch was acknowledged completely; returns whether the prefix has moved.
    pub(super) fn acknowledge(
        &mut self,
        sequence: u64,
        reached: Reached,
        cursor: Option<Cursor>,
        requests: u64,
    ) -> bool {
        self.ahead.insert(sequence, (reached, cursor, requests));
        let before = self.next;
        let mut last = None;
        while let Some((reached, cursor, requests)) = self.ahead.remove(&self.next) {
            self.next += 1;
            self.current.requests += requests;
            if let Some(cursor) = cursor {
                self.current.cursor = self.current.cursor.clone().max(cursor);
            }
            last = Some(reached);
        }
        if let Some(reached) = last {
            self.current.mutations = reached.mutations;
            self.current.digest = reached.digest.to_hex().to_string();
        }
        self.next > before
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
}

impl Keeper {
    pub(super) fn new(current: Checkpoint, sidecar: Option<Sidecar>, keeps: bool) -> Self {
        Self { progress: Progress::new(current), sidecar, keeps }
    }

    /// The prefix ends before the batch at this place.
    pub(super) fn continue_from(&mut self, sequence: u64) {
        self.progress.next = sequence;
    }

    /// Takes a delivery in; returns a warning when the checkpoint can no longer be kept.
    pub(super) fn note(&mut self, delivery: &Delivery) -> Option<String> {
        self.sidecar.as_ref()?;
        if !self.keeps || !delivery.is_acknowledged() {
            return None;
        }
        let cursor = delivery.cursor.clone();
        if !self.progress.acknowledge(delivery.sequence, delivery.reached, cursor, delivery.requests) {
            return None;
        }
        // Text and numbers cannot fail to be written.
        let text = serde_json::to_string(self.progress.current()).unwrap_or_default();
        let error = self.sidecar.as_mut()?.keep(text).err()?;
        self.sidecar = None;
        Some(format!("the upload goes on without a checkpoint: {error}"))
    }

    /// Forgets everything: the upload begins anew.
    pub(super) fn start_over(&mut self, beginning: Checkpoint) {
        self.progress = Progress::new(beginning);
    }

    /// Where the server's sequence stood before the upload began, if it is known.
    pub(super) fn begun_at(&self) -> Option<&Cursor> {
        self.progress.current.begun_at.as_ref()
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
    use proptest::prelude::*;

    use super::*;
    use crate::cloneup::RawOptions;
    use crate::remote::RemoteConfig;

    fn binding() -> Binding {
        let schema = Schema::parse(r#"{"resources": []}"#).unwrap();
        let options = Options::validate(RawOptions::default()).unwrap();
        Binding::new(&Remote::new(&RemoteConfig::new("http://h")).unwrap(), "c", &schema, &options)
    }

    #[test]
    fn an_upload_belongs_to_its_whole_destination() {
        let of = |change: fn(&mut RemoteConfig)| {
            let mut config = RemoteConfig::new("http://h");
            change(&mut config);
            Remote::new(&config).unwrap().fingerprint().to_owned()
        };
        let all = [
            of(|_| {}),
            of(|config| config.base = "http://h?tenant=b".to_owned()),
            of(|config| config.headers = vec![("X-Tenant".to_owned(), "b".to_owned())]),
            of(|config| config.token = Some(crate::secret::Secret::new("b"))),
        ];
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), all.len());
        assert_eq!(of(|_| {}), all[0]);
    }

    #[test]
    fn the_prefix_moves_only_without_gaps_whatever_the_order() {
        let binding = binding();
        let reached = |sequence: u64| Reached {
            mutations: 10 * (sequence + 1),
            digest: blake3::hash(&sequence.to_le_bytes()),
        };
        let follow = |order: [u64; 4]| {
            let mut progress =
                Progress::new(Checkpoint::beginning(binding.clone(), &ServerStatus::default()));
            let moved = order.map(|sequence| {
                progress.acknowledge(sequence, reached(sequence), Some(Cursor::from(10 - sequence)), 1)
            });
            (moved, progress.current().clone())
        };
        let (moved, in_order) = follow([0, 1, 2, 3]);
        assert_eq!(moved, [true; 4]);
        let (moved, other) = follow([2, 1, 0, 3]);
        assert_eq!(moved, [false, false, true, true]);
        assert_eq!(in_order, other);
        assert!(other.is_at(&reached(3)) && !other.is_at(&reached(2)));
        assert_eq!((other.requests, other.cursor), (4, Cursor::from(10)));
    }

    proptest! {
        #[test]
        fn the_prefix_is_all_that_is_acknowledged_without_a_gap(order in Just((0..20_u64).collect::<Vec<_>>()).prop_shuffle()) {
            let mut progress = Progress::new(Checkpoint::beginning(binding(), &ServerStatus::default()));
            let mut seen = std::collections::HashSet::new();
            for sequence in order {
                let reached = Reached { mutations: 3 * (sequence + 1), digest: blake3::hash(&sequence.to_le_bytes()) };
                seen.insert(sequence);
                progress.acknowledge(sequence, reached, Some(Cursor::from(sequence)), 2);
                let prefix = (0..20).take_while(|place| seen.contains(place)).count() as u64;
                let current = progress.current();
                prop_assert_eq!((current.mutations, current.requests), (3 * prefix, 2 * prefix));
                prop_assert_eq!(&current.cursor, &Cursor::from(prefix.saturating_sub(1)));
            }
        }
    }
}
