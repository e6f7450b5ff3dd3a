//! A comparison by the server's change feed: pages of the feed are kept as one digest a record, then the
//! database is read once, in upload order, and compared with them. The pages are pulled in
//! [`crate::cloneup::finish`].

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, json};
use tokio_util::sync::CancellationToken;

use super::content_digest::{of_canonical_json, of_fields};
use super::difference::{DifferenceKind, Differences, TableCounts};
use crate::cloneup::plan::{LimitedRecords, Requested, Sources};
use crate::mutation::Shard;
use crate::offline::{Digest, Digests, JoinSource, OfflineError, RecordSource, Snapshot, touched_since};
use crate::protocol::{Op, PullAnswer, PulledRecord};
use crate::schema::Schema;

/// Number of rows that are compared between two reports and checks of the cancellation.
const ROWS_PER_CHECK: u64 = 1024;

/// How far the comparison of rows is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Compared {
    /// The number of rows of the database that are compared.
    pub(crate) rows: u64,
    /// The number of rows in the database.
    pub(crate) total: u64,
}

/// A comparison under way.
pub(crate) struct FeedComparison {
    snapshot: Snapshot,
    sources: Sources,
    /// The fields that are compared, by resource or join store.
    fields: HashMap<String, HashSet<String>>,
    /// The server's records and join rows.
    server: Digests,
    /// Resource and id of what the application has changed since: not compared.
    edited: HashSet<(String, String)>,
    /// The shard whose records are compared; `None` for all.
    shard: Option<Shard>,
    /// The records that were sent, where their number is limited: nothing else is compared.
    limited: Option<Arc<LimitedRecords>>,
}

impl FeedComparison {
    /// Begins a comparison of a snapshot.
    ///
    /// `since` is the `seq` of the last change log entry that an upload has covered: what later
    /// entries are about is not compared.
    pub(crate) fn new(
        schema: &Schema,
        requested: &Requested,
        snapshot: Snapshot,
        since: Option<i64>,
    ) -> Result<Self, OfflineError> {
        let mut sources = Sources::resolve(&snapshot, schema, requested)?;
        let shard = requested.stage.shard();
        if let Some(shard) = shard {
            sources.records = sources.records.into_iter().map(|source| source.in_shard(shard)).collect();
        }
        let owned = |names: &mut dyn Iterator<Item = &str>| names.map(str::to_owned).collect();
        let records =
            sources.records.iter().map(|source| (source.name().to_owned(), owned(&mut source.fields())));
        let join_rows =
            sources.join_rows.iter().map(|source| (source.name().to_owned(), owned(&mut source.fields())));
        let fields = records.chain(join_rows).collect();
        let edited = match since {
            Some(seq) => touched_since(&snapshot, schema, seq)?,
            None => HashSet::new(),
        };
        let server = Digests::new()?;
        Ok(Self { snapshot, sources, fields, server, edited, shard, limited: None })
    }

    /// Compares only these records and the join rows between them. What only the server has is no
    /// difference then.
    pub(crate) fn limited_to(self, limited: Option<Arc<LimitedRecords>>) -> Self {
        Self { limited, ..self }
    }

    /// Adds a page of the feed; a later change replaces an earlier one.
    pub(crate) fn add_page(&self, page: &PullAnswer) -> Result<(), OfflineError> {
        page.changes().try_for_each(|change| {
            let joined = || change.ends().map(|[from, to]| Cow::Owned(format!("{from}:{to}")));
            let Some(id) = change.id().or_else(joined) else { return Ok(()) };
            self.put(change.table, &id, change.record.filter(|_| change.op == Op::Upsert))
        })
    }

    fn put(&self, name: &str, id: &str, record: Option<PulledRecord<'_>>) -> Result<(), OfflineError> {
        let Some(fields) = self.fields.get(name) else { return Ok(()) };
        if self.shard.is_some_and(|shard| !shard.has(id)) {
            return Ok(());
        }
        match record {
            None => self.server.remove(name, id),
            Some(record) => self.server.put(name, id, &content_digest(record, fields)),
        }
    }

    /// Compares the database with all pages that were added.
    pub(crate) fn compare(
        &self,
        cancellation: &CancellationToken,
        report: &dyn Fn(Compared),
    ) -> Result<Differences, OfflineError> {
        let (mut found, mut total) = (Differences::default(), 0);
        for source in &self.sources.records {
            total += source.count(&self.snapshot)?;
        }
        for source in &self.sources.join_rows {
            total += source.count(&self.snapshot)?;
        }
        let watch = Watch { cancellation, report, total, rows: Cell::new(0) };
        for source in &self.sources.records {
            self.compare_records(source, &mut found, &watch)?;
        }
        for source in &self.sources.join_rows {
            self.compare_join_rows(source, &mut found, &watch)?;
        }
        Ok(found)
    }

    fn compare_records(
        &self,
        source: &RecordSource,
        found: &mut Differences,
        watch: &Watch<'_>,
    ) -> Result<(), OfflineError> {
        let mut table = TableComparison::new(self, source.name(), found, watch)?;
        let mut json = Vec::new();
        source.for_each(&self.snapshot, |record| {
            if self.limited.as_ref().is_some_and(|limited| !limited.has(source.name(), record.id)) {
                return Ok(());
            }
            json.clear();
            record.write_fields(&mut json)?;
            table.compare(record.id, &of_canonical_json(&json))
        })?;
        table.finish()
    }

    fn compare_join_rows(
        &self,
        source: &JoinSource,
        found: &mut Differences,
        watch: &Watch<'_>,
    ) -> Result<(), OfflineError> {
        let mut table = TableComparison::new(self, source.name(), found, watch)?;
        let mut json = Vec::new();
        // Of several rows of one pair, the server has the one that was sent last.
        let mut last: Option<(String, Digest)> = None;
        source.for_each(&self.snapshot, |row| {
            if self.limited.as_ref().is_some_and(|limited| !limited.has_join_row(source, row.from, row.to)) {
                return Ok(());
            }
            json.clear();
            row.write_metadata(&mut json)?;
            let id = format!("{}:{}", row.from, row.to);
            if let Some((id, digest)) = last.take_if(|(last, _)| *last != id) {
                table.compare(&id, &digest)?;
            }
            last = Some((id, of_canonical_json(&json)));
            Ok(())
        })?;
        if let Some((id, digest)) = last {
            table.compare(&id, &digest)?;
        }
        table.finish()
    }
}

/// The digest of a record's compared fields.
fn content_digest(record: PulledRecord<'_>, fields: &HashSet<String>) -> Digest {
    let mut compared = Map::new();
    for (key, value) in record.members() {
        let Some(key) = key.as_str().filter(|key| fields.contains(&**key)) else { continue };
        // A value that cannot be a tree is one that no client can have sent: it equals no local value.
        compared.insert(key.into_owned(), value.to_value().unwrap_or_else(|| json!({value.text(): null})));
    }
    of_fields(compared.iter())
}

/// Watches the comparison of all rows: it can be cancelled, and reports how far it is.
struct Watch<'a> {
    cancellation: &'a CancellationToken,
    report: &'a dyn Fn(Compared),
    total: u64,
    /// The number of rows that are compared.
    rows: Cell<u64>,
}

impl Watch<'_> {
    /// A row is compared next.
    fn row(&self) -> Result<(), OfflineError> {
        let rows = self.rows.get();
        if rows.is_multiple_of(ROWS_PER_CHECK) {
            if self.cancellation.is_cancelled() {
                return Err(OfflineError::Interrupted);
            }
            (self.report)(Compared { rows, total: self.total });
        }
        self.rows.set(rows + 1);
        Ok(())
    }
}

/// The comparison of one resource or join store.
struct TableComparison<'a> {
    server: &'a Digests,
    edited: &'a HashSet<(String, String)>,
    counts: TableCounts,
    found: &'a mut Differences,
    /// Whether what only the server has is a difference.
    counts_extra: bool,
    watch: &'a Watch<'a>,
}

impl<'a> TableComparison<'a> {
    fn new(
        comparison: &'a FeedComparison,
        name: &str,
        found: &'a mut Differences,
        watch: &'a Watch<'a>,
    ) -> Result<Self, OfflineError> {
        let FeedComparison { server, edited, limited, .. } = comparison;
        let counts =
            TableCounts { name: name.to_owned(), server: server.count(name)?, ..TableCounts::default() };
        Ok(Self { server, edited, counts, found, counts_extra: limited.is_none(), watch })
    }

    /// Compares a local row with the server's.
    fn compare(&mut self, id: &str, local: &Digest) -> Result<(), OfflineError> {
        self.watch.row()?;
        self.counts.local += 1;
        let server = self.server.take(&self.counts.name, id)?;
        if server.as_ref() == Some(local) || self.is_edited(id) {
            return Ok(());
        }
        let kind = if server.is_none() { DifferenceKind::Missing } else { DifferenceKind::Different };
        self.add(id, kind);
        Ok(())
    }

    /// Ends with the rows that only the server has.
    fn finish(mut self) -> Result<(), OfflineError> {
        let (server, name) = (self.server, self.counts.name.clone());
        server.rest(&name, |id| {
            if self.counts_extra && !self.is_edited(id) {
                self.add(id, DifferenceKind::Extra);
            }
        })?;
        self.found.tables.push(self.counts);
        Ok(())
    }

    fn add(&mut self, id: &str, kind: DifferenceKind) {
        match kind {
            DifferenceKind::Missing => self.counts.missing += 1,
            DifferenceKind::Different => self.counts.different += 1,
            DifferenceKind::Extra => self.counts.extra += 1,
        }
        self.found.list(&self.counts.name, id, kind);
    }

    fn is_edited(&self, id: &str) -> bool {
        // Most comparisons have no edit to look for.
        !self.edited.is_empty() && self.edited.contains(&(self.counts.name.clone(), id.to_owned()))
    }
}
