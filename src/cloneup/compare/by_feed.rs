//! A comparison by the server's change feed, for servers without digests: pages of the feed are kept as
//! one digest a record, then the database is read once, in upload order, and compared with them. The
//! pages are pulled in [`super::comparing`].

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::contents::ContentDigests;
use super::difference::TableCounts;
use super::local_items::{Watch, for_each_pair};
use super::table::{CountedRows, Table};
use super::table_comparison::TableComparison;
use crate::mutation::{ContentHash, content_digest};
use crate::offline::{Digest, FoundItems, ItemKey, OfflineError, ServerItems, Snapshot};
use crate::protocol::{Op, PullAnswer, PulledChange, PulledRecord};

/// What the server has, by its feed.
pub(super) struct Feed {
    /// The fields that are compared, by resource or join store.
    fields: HashMap<String, HashSet<String>>,
    server: ServerItems,
}

impl Feed {
    /// Before the first page.
    pub(super) fn new(tables: &[Table]) -> Result<Self, OfflineError> {
        let owned = |table: &Table| table.fields().into_iter().map(str::to_owned).collect();
        let fields = tables.iter().map(|table| (table.name().to_owned(), owned(table))).collect();
        Ok(Self { fields, server: ServerItems::new()? })
    }

    /// Adds a page; a later change replaces an earlier one.
    pub(super) fn add_page(&self, page: &PullAnswer) -> Result<(), OfflineError> {
        page.changes().try_for_each(|change| {
            let (Some(fields), Some(id)) = (self.fields.get(change.table), id_of(&change)) else {
                return Ok(());
            };
            let record = change.record.filter(|_| change.op == Op::Upsert);
            let Some(record) = record else { return self.server.remove(change.table, &id) };
            let ends = change.ends().filter(|[from, to]| format!("{from}:{to}") == id);
            let key = ItemKey { id: id.into_owned(), from_len: ends.map(|[from, _]| from.len()) };
            let content = content_digest(&members(record, |field| fields.contains(field)));
            self.server.put(change.table, &key, &digest(content)).map(|_| ())
        })
    }

    /// Compares the rows of all tables with the pages that were added.
    pub(super) fn compare(
        &self,
        tables: &[Table],
        counted: &CountedRows,
        snapshot: &Snapshot,
        found: &FoundItems,
        watch: &Watch<'_>,
    ) -> Result<Vec<TableCounts>, OfflineError> {
        tables.iter().map(|table| self.compare_table(table, counted, snapshot, found, watch)).collect()
    }

    fn compare_table(
        &self,
        table: &Table,
        counted: &CountedRows,
        snapshot: &Snapshot,
        found: &FoundItems,
        watch: &Watch<'_>,
    ) -> Result<TableCounts, OfflineError> {
        let name = table.name().to_owned();
        let counts = TableCounts { server: self.server.count(&name)?, name, ..TableCounts::default() };
        let mut comparison = TableComparison { table, counted, server: &self.server, found, counts };
        let mut contents = ContentDigests::new(table);
        let mut compare = |contents: &mut ContentDigests| {
            let mut rows = 0;
            contents.contents(|key, content| {
                rows += 1;
                comparison.local(key, digest(content))
            })?;
            comparison.counts.local += rows;
            watch.add(rows)
        };
        match table {
            Table::Records(source) => source.for_each(snapshot, |record| {
                contents.push(record.id, "", |json| record.write_fields(json))?;
                if contents.is_full() { compare(&mut contents) } else { Ok(()) }
            })?,
            Table::JoinRows(source) => for_each_pair(source, snapshot, |from, to, json| {
                contents.push(from, to, |out| {
                    out.extend_from_slice(json);
                    Ok(())
                })?;
                if contents.is_full() { compare(&mut contents) } else { Ok(()) }
            })?,
        }
        compare(&mut contents)?;
        comparison.finish()
    }
}

/// The id that a change is about: of a join row, both ids and a colon.
pub(super) fn id_of<'p>(change: &PulledChange<'p>) -> Option<Cow<'p, str>> {
    let joined = || change.ends().map(|[from, to]| Cow::Owned(format!("{from}:{to}")));
    change.id().or_else(joined)
}

/// Some of a record's members.
pub(super) fn members(record: PulledRecord<'_>, is_wanted: impl Fn(&str) -> bool) -> Map<String, Value> {
    let mut wanted = Map::new();
    for (key, value) in record.members() {
        let Some(key) = key.as_str().filter(|key| is_wanted(key)) else { continue };
        // A value that cannot be a tree is one that no client can have sent: it equals no local value.
        wanted.insert(key.into_owned(), value.to_value().unwrap_or_else(|| json!({value.text(): null})));
    }
    wanted
}

fn digest(content: ContentHash) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(content.as_bytes());
    digest
}
