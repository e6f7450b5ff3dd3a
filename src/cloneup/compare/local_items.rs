//! The local side of a comparison by digests: one pass over each table gives the digests of its buckets,
//! and keeps each item until it is known which of them differ.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::BytesMut;
use tokio_util::sync::CancellationToken;

use super::contents::ContentDigests;
use super::item_file::ItemFile;
use super::table::Table;
use crate::cloneup::observer::{Event, Observer};
use crate::mutation::digest::BucketDigests;
use crate::offline::{JoinSource, OfflineError, Snapshot};

/// The items of a table.
#[derive(Debug)]
pub(super) struct LocalItems {
    pub(super) digests: BucketDigests,
    /// One file for each thread that has read rows.
    pub(super) files: Vec<ItemFile>,
}

/// How far the comparison of rows is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Compared {
    /// The number of rows of the database that are compared.
    pub(crate) rows: u64,
    /// The number of rows in the database.
    pub(crate) total: u64,
}

impl Compared {
    pub(super) fn tell(self, observer: &dyn Observer) {
        observer.on(&Event::Compared { rows: self.rows, total: self.total });
    }
}

/// Watches the comparison of all rows: it can be cancelled, and reports how far it is.
pub(super) struct Watch<'a> {
    pub(super) cancellation: &'a CancellationToken,
    pub(super) report: &'a (dyn Fn(Compared) + Sync),
    pub(super) total: u64,
    /// The number of rows that are compared.
    rows: AtomicU64,
}

impl<'a> Watch<'a> {
    pub(super) fn new(
        cancellation: &'a CancellationToken,
        report: &'a (dyn Fn(Compared) + Sync),
        total: u64,
    ) -> Self {
        report(Compared { rows: 0, total });
        Self { cancellation, report, total, rows: AtomicU64::new(0) }
    }

    /// Rows were compared.
    pub(super) fn add(&self, rows: u64) -> Result<(), OfflineError> {
        if self.cancellation.is_cancelled() {
            return Err(OfflineError::Interrupted);
        }
        let rows = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        (self.report)(Compared { rows, total: self.total });
        Ok(())
    }
}

/// What one thread reads.
struct Reading<'w> {
    contents: ContentDigests,
    is_join_store: bool,
    digests: BucketDigests,
    file: ItemFile,
    watch: &'w Watch<'w>,
}

impl<'w> Reading<'w> {
    fn begin(table: &Table, bits: u8, watch: &'w Watch<'w>) -> Self {
        Self {
            contents: ContentDigests::new(table),
            is_join_store: table.is_join_store(),
            digests: BucketDigests::new(bits),
            file: ItemFile::default(),
            watch,
        }
    }

    /// Adds a row, whose JSON `write` appends.
    fn add(
        &mut self,
        id: &str,
        to: &str,
        write: impl FnOnce(&mut BytesMut) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        self.contents.push(id, to, write)?;
        if self.contents.is_full() { self.hash() } else { Ok(()) }
    }

    /// Hashes the rows that were added since the last time.
    fn hash(&mut self) -> Result<(), OfflineError> {
        let Self { contents, is_join_store, digests, file, watch } = self;
        let mut rows = 0;
        contents.items(|ends, item| {
            digests.add(&item);
            rows += 1;
            file.add(ends, *is_join_store, &item)
        })?;
        watch.add(rows)
    }

    fn end(mut self) -> Result<(BucketDigests, ItemFile), OfflineError> {
        self.hash()?;
        Ok((self.digests, self.file))
    }
}

/// Reads a table, into `2^bits` buckets.
pub(super) fn read(
    table: &Table,
    bits: u8,
    snapshot: &Snapshot,
    watch: &Watch<'_>,
) -> Result<LocalItems, OfflineError> {
    let parts = match table {
        Table::Records(source) => source.map_in_any_order(
            snapshot,
            || Ok(Reading::begin(table, bits, watch)),
            |reading, record| reading.add(record.id, "", |json| record.write_fields(json)),
            Reading::end,
        )?,
        Table::JoinRows(source) => {
            let mut reading = Reading::begin(table, bits, watch);
            for_each_pair(source, snapshot, |from, to, json| {
                reading.add(from, to, |out| {
                    out.extend_from_slice(json);
                    Ok(())
                })
            })?;
            vec![reading.end()?]
        }
    };
    let mut all = LocalItems { digests: BucketDigests::new(bits), files: Vec::new() };
    for (digests, file) in parts {
        all.digests.merge(&digests);
        all.files.push(file);
    }
    Ok(all)
}

/// Calls `consume` with the ids and the JSON of every pair of a join store: of several rows of one pair,
/// the server has the one that was sent last.
pub(super) fn for_each_pair(
    source: &JoinSource,
    snapshot: &Snapshot,
    mut consume: impl FnMut(&str, &str, &[u8]) -> Result<(), OfflineError>,
) -> Result<(), OfflineError> {
    let (mut last, mut json) = (None::<(String, String)>, BytesMut::new());
    source.for_each(snapshot, |row| {
        let is_same = last.as_ref().is_some_and(|(from, to)| (&**from, &**to) == (row.from, row.to));
        if let Some((from, to)) = last.take_if(|_| !is_same) {
            consume(&from, &to, &json)?;
        }
        last.get_or_insert_with(|| (row.from.to_owned(), row.to.to_owned()));
        json.clear();
        row.write_metadata(&mut json)
    })?;
    last.map_or(Ok(()), |(from, to)| consume(&from, &to, &json))
}
