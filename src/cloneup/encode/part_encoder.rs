//! The encoder of one part: turns its rows into mutations, as the run's options say. What a
//! mutation looks like is decided in [`crate::mutation`].

use std::collections::HashSet;

use crate::cloneup::options::Options;
use crate::cloneup::plan::Source;
use crate::mutation::{ContentHash, JoinEncoder, RecordEncoder};
use crate::offline::{JoinSource, RecordSource};

/// Encodes the rows of the current part.
pub(super) enum PartEncoder {
    Records(RecordEncoder),
    JoinRows(JoinEncoder, PairHashes),
    /// Deletes are mutations already. This is the client id of the batch that is being made.
    Deletes {
        client_id: String,
    },
}

impl PartEncoder {
    pub(super) fn new(options: &Options, client_id: &str, source: &Source) -> Self {
        match source {
            Source::Records(source) => Self::Records(record_encoder(options, client_id, source)),
            Source::JoinRows(source) => {
                Self::JoinRows(join_encoder(options, client_id, source), PairHashes::default())
            }
            Source::Deletes | Source::Extra => Self::Deletes { client_id: client_id.to_owned() },
        }
    }
}

/// The encoder for the records of a resource.
pub(crate) fn record_encoder(options: &Options, client_id: &str, source: &RecordSource) -> RecordEncoder {
    let prefix = &options.mutation_id_prefix;
    let operation = options.operation(source.has_all_fields());
    RecordEncoder::new(prefix, client_id, source.name(), source.version(), operation)
}

/// The encoder for the rows of a join store.
pub(crate) fn join_encoder(options: &Options, client_id: &str, source: &JoinSource) -> JoinEncoder {
    let (prefix, name) = (&options.mutation_id_prefix, source.name());
    JoinEncoder::new(prefix, client_id, name, source.resource(), source.version(), source.relation())
}

/// The hashes of the rows of one pair of ids. Rows of one pair are adjacent, so the hashes of
/// one pair at a time find every row that makes the same mutation (contract 3.1, stage B).
#[derive(Default)]
pub(super) struct PairHashes {
    from: String,
    to: String,
    seen: HashSet<ContentHash>,
}

impl PairHashes {
    /// Whether a row is the first one that makes its mutation.
    pub(super) fn is_new(&mut self, from: &str, to: &str, hash: ContentHash) -> bool {
        if (from, to) != (&self.from, &self.to) {
            from.clone_into(&mut self.from);
            to.clone_into(&mut self.to);
            self.seen.clear();
        }
        self.seen.insert(hash)
    }
}
