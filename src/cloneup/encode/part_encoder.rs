//! The encoder of one part: turns its rows into mutations, as the run's options say. What a
//! mutation looks like is decided in [`crate::mutation`].

use std::collections::HashSet;
use std::ops::Range;

use bytes::BytesMut;

use super::chunk::Row;
use crate::cloneup::options::Options;
use crate::cloneup::plan::{Plan, Source};
use crate::mutation::{ContentHash, JoinEncoder, RecordEncoder};
use crate::offline::{JoinSource, NotMapped, RecordSource};

/// The parts of a plan, and how their rows are encoded.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) plan: &'a Plan,
    pub(super) options: &'a Options,
    pub(super) client_id: &'a str,
}

impl<'a> Parts<'a> {
    /// What the rows of a part are, by its index.
    pub(super) fn source(self, part: usize) -> &'a Source {
        &self.plan.parts[part].source
    }
}

/// Encodes the rows of one part.
pub(super) enum PartEncoder<'a> {
    Records(&'a RecordSource, RecordEncoder),
    JoinRows(JoinEncoder),
}

impl<'a> PartEncoder<'a> {
    /// The encoder of the part with this index. `None` for a part without rows: deletes are mutations already.
    pub(super) fn new(parts: Parts<'a>, part: usize) -> Option<Self> {
        let Parts { options, client_id, .. } = parts;
        match parts.source(part) {
            Source::Records(source) => {
                Some(Self::Records(source, record_encoder(options, client_id, source)))
            }
            Source::JoinRows(source) => Some(Self::JoinRows(join_encoder(options, client_id, source))),
            Source::Deletes | Source::Extra => None,
        }
    }

    /// Appends the text from which the content hash of a row's mutation is computed. Returns where the
    /// canonical JSON of the row is in it.
    pub(super) fn write_hashed(&self, text: &mut BytesMut, row: Row<'_>) -> Result<Range<usize>, NotMapped> {
        match self {
            Self::Records(source, encoder) => {
                encoder.begin_hashed(text, row.id);
                let json = appended(text, |text| source.finish(text, row.content))?;
                encoder.end_hashed(text);
                Ok(json)
            }
            Self::JoinRows(encoder) => {
                encoder.begin_hashed(text, row.id);
                let json = appended(text, |text| JoinSource::finish(text, row.content))?;
                encoder.end_hashed(text, row.to);
                Ok(json)
            }
        }
    }
}

/// Where in a text is what `write` appends.
fn appended<E>(
    text: &mut BytesMut,
    write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
) -> Result<Range<usize>, E> {
    let start = text.len();
    write(text)?;
    Ok(start..text.len())
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
