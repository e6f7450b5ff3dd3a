//! How far an upload has come (contract 3.6): which contiguous prefix of its mutations the
//! server has acknowledged, bound to everything that decides what these mutations are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cloneup::encode::batch::Position;
use crate::cloneup::options::Options;
use crate::cloneup::send::batch_sender::Delivery;
use crate::offline::{Database, Sidecar};
use crate::protocol::{Cursor, ServerStatus};
use crate::remote::Remote;
use crate::schema::Schema;

/// What decides which mutations an upload consists of, and where they go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UploadIdentity {
    remote: String,
    /// Where that leads, and as whom.
    destination: String,
    client_id: String,
    schema: String,
    options: String,
}

impl UploadIdentity {
    pub(crate) fn new(remote: &Remote, client_id: &str, schema: &Schema, options: &Options) -> Self {
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
pub(crate) struct Checkpoint {
    pub(crate) identity: UploadIdentity,
    /// How many mutations it has.
    pub(crate) mutations: u64,
    /// A digest of them, in hexadecimal.
    digest: String,
    /// The highest cursor in the answers.
    pub(crate) cursor: Cursor,
    /// Requests that it took.
    pub(crate) requests: u64,
    /// Which store the server had, if it says so.
    pub(crate) store_id: Option<String>,
    /// Where the server's sequence stood before the upload began, if it says so.
    pub(crate) begun_at: Option<Cursor>,
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
    pub(crate) fn peek(database: &Database) -> Option<Self> {
        let checkpoint: Checkpoint = serde_json::from_str(&Sidecar::peek(database)?).ok()?;
        let Checkpoint { identity, mutations, cursor, .. } = checkpoint;
        Some(Self { remote: identity.remote, mutations, cursor })
    }
}

impl Checkpoint {
    /// The one in the file, if it is of an upload with this identity.
    pub(crate) fn read(sidecar: &Sidecar, identity: &UploadIdentity) -> Option<Self> {
        let checkpoint: Self = serde_json::from_str(sidecar.checkpoint()?).ok()?;
        (checkpoint.identity == *identity && checkpoint.mutations > 0).then_some(checkpoint)
    }

    /// That of an upload that begins.
    pub(crate) fn beginning(identity: UploadIdentity, server: &ServerStatus) -> Self {
        Self {
            identity,
            mutations: 0,
            digest: String::new(),
            cursor: Cursor::zero(),
            requests: 0,
            store_id: server.store_id.clone(),
            begun_at: server.cursor.clone(),
        }
    }

    /// Whether this upload has come to the same place with the same mutations.
    pub(crate) fn is_at(&self, position: &Position) -> bool {
        self.mutations == position.mutations && self.digest == position.digest.to_hex().as_str()
    }
}

/// Follows the prefix while batches are answered in any order.
#[derive(Debug)]
pub(crate) struct AckedPrefix {
    current: Checkpoint,
    /// The place of the next batch of the prefix.
    next: u64,
    /// Batches behind a gap, by their place: how far each reaches, cursor and requests.
    ahead: BTreeMap<u64, (Position, Option<Cursor>, u64)>,
}

impl AckedPrefix {
    /// Behind an acknowledged prefix, which may be an empty one.
    pub(crate) fn new(current: Checkpoint) -> Self {
        Self { current, next: 0, ahead: BTreeMap::new() }
    }

    /// A batch was acknowledged completely; returns whether the prefix has moved.
    pub(crate) fn acknowledge(
        &mut self,
        sequence: u64,
        position: Position,
        cursor: Option<Cursor>,
        requests: u64,
    ) -> bool {
        self.ahead.insert(sequence, (position, cursor, requests));
        let before = self.next;
        let mut last = None;
        while let Some((position, cursor, requests)) = self.ahead.remove(&self.next) {
            self.next += 1;
            self.current.requests += requests;
            if let Some(cursor) = cursor {
                self.current.cursor = self.current.cursor.clone().max(cursor);
            }
            last = Some(position);
        }
        if let Some(position) = last {
            self.current.mutations = position.mutations;
            self.current.digest = position.digest.to_hex().to_string();
        }
        self.next > before
    }

    pub(crate) fn current(&self) -> &Checkpoint {
        &self.current
    }
}

/// Writes the checkpoint whenever the prefix moves.
pub(crate) struct CheckpointWriter {
    prefix: AckedPrefix,
    /// `None` where nothing can be kept.
    sidecar: Option<Sidecar>,
    /// Whether this run is one that can be continued.
    keeps: bool,
}

impl CheckpointWriter {
    pub(crate) fn new(current: Checkpoint, sidecar: Option<Sidecar>, keeps: bool) -> Self {
        Self { prefix: AckedPrefix::new(current), sidecar, keeps }
    }

    /// The prefix ends before the batch at this place.
    pub(crate) fn continue_from(&mut self, sequence: u64) {
        self.prefix.next = sequence;
    }

    /// Takes a delivery in; returns a warning when the checkpoint can no longer be kept.
    pub(crate) fn note(&mut self, delivery: &Delivery) -> Option<String> {
        self.sidecar.as_ref()?;
        if !self.keeps || !delivery.is_acknowledged() {
            return None;
        }
        let cursor = delivery.cursor.clone();
        if !self.prefix.acknowledge(delivery.sequence, delivery.position, cursor, delivery.requests) {
            return None;
        }
        // Text and numbers cannot fail to be written.
        let text = serde_json::to_string(self.prefix.current()).unwrap_or_default();
        let error = self.sidecar.as_mut()?.keep(text).err()?;
        self.sidecar = None;
        Some(format!("the upload goes on without a checkpoint: {error}"))
    }

    /// Forgets everything: the upload begins anew.
    pub(crate) fn start_over(&mut self, beginning: Checkpoint) {
        self.prefix = AckedPrefix::new(beginning);
    }

    /// Where the server's sequence stood before the upload began, if it is known.
    pub(crate) fn begun_at(&self) -> Option<&Cursor> {
        self.prefix.current.begun_at.as_ref()
    }

    /// The upload has succeeded.
    pub(crate) fn finish(mut self) {
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

    fn identity() -> UploadIdentity {
        let schema = Schema::parse(r#"{"resources": []}"#).unwrap();
        let options = Options::validate(RawOptions::default()).unwrap();
        UploadIdentity::new(&Remote::new(&RemoteConfig::new("http://h")).unwrap(), "c", &schema, &options)
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
        let identity = identity();
        let position = |sequence: u64| Position {
            mutations: 10 * (sequence + 1),
            digest: blake3::hash(&sequence.to_le_bytes()),
        };
        let follow = |order: [u64; 4]| {
            let mut prefix =
                AckedPrefix::new(Checkpoint::beginning(identity.clone(), &ServerStatus::default()));
            let moved = order.map(|sequence| {
                prefix.acknowledge(sequence, position(sequence), Some(Cursor::from(10 - sequence)), 1)
            });
            (moved, prefix.current().clone())
        };
        let (moved, in_order) = follow([0, 1, 2, 3]);
        assert_eq!(moved, [true; 4]);
        let (moved, other) = follow([2, 1, 0, 3]);
        assert_eq!(moved, [false, false, true, true]);
        assert_eq!(in_order, other);
        assert!(other.is_at(&position(3)) && !other.is_at(&position(2)));
        assert_eq!((other.requests, other.cursor), (4, Cursor::from(10)));
    }

    proptest! {
        #[test]
        fn the_prefix_is_all_that_is_acknowledged_without_a_gap(order in Just((0..20_u64).collect::<Vec<_>>()).prop_shuffle()) {
            let mut prefix = AckedPrefix::new(Checkpoint::beginning(identity(), &ServerStatus::default()));
            let mut seen = std::collections::HashSet::new();
            for sequence in order {
                let position = Position { mutations: 3 * (sequence + 1), digest: blake3::hash(&sequence.to_le_bytes()) };
                seen.insert(sequence);
                prefix.acknowledge(sequence, position, Some(Cursor::from(sequence)), 2);
                let expected = (0..20).take_while(|place| seen.contains(place)).count() as u64;
                let current = prefix.current();
                prop_assert_eq!((current.mutations, current.requests), (3 * expected, 2 * expected));
                prop_assert_eq!(&current.cursor, &Cursor::from(expected.saturating_sub(1)));
            }
        }
    }
}
