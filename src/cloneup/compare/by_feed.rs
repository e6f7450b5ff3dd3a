//! A comparison by the server's change feed, for servers without digests: pages of the feed are kept as
//! one digest a record, then the database is read once, in upload order, and compared with them. The
//! pages are pulled in [`super::comparing`].

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::contents::ContentDigests;
use super::difference::TableCounts;
use super::judge::Judge;
use super::local_items::{Watch, for_each_pair};
use super::table::{CountedRows, Table};
use crate::mutation::{ContentHash, content_digest};
use crate::offline::{Digest, FoundItems, ItemKey, OfflineError, ServerItems, Snapshot};
use crate::protocol::{Op, PullAnswer};

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
        let mut result = Ok(());
        for_each_record(page, |name, id, record| {
            if result.is_ok() {
                result = self.put(name, id, record);
            }
        });
        result
    }

    fn put(&self, name: &str, id: &str, record: Option<&Map<String, Value>>) -> Result<(), OfflineError> {
        let Some(fields) = self.fields.get(name) else { return Ok(()) };
        let Some(record) = record else { return self.server.remove(name, id) };
        let from_len =
            ends(record).filter(|(from, to)| format!("{from}:{to}") == id).map(|(from, _)| from.len());
        let key = ItemKey { id: id.to_owned(), from_len };
        let compared = record.iter().filter(|(field, _)| fields.contains(*field));
        let compared = compared.map(|(field, value)| (field.clone(), value.clone())).collect();
        self.server.put(name, &key, &digest(content_digest(&compared))).map(|_| ())
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
        let mut judge = Judge { table, counted, server: &self.server, found, counts };
        let mut contents = ContentDigests::new(table);
        let mut compare = |contents: &mut ContentDigests| {
            let mut rows = 0;
            contents.contents(|key, content| {
                rows += 1;
                judge.local(key, digest(content))
            })?;
            judge.counts.local += rows;
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
        judge.finish()
    }
}

/// Calls `consume` with every change of a page: the resource or join store, the id, and the state; `None`
/// after a delete.
pub(super) fn for_each_record(
    page: &PullAnswer,
    mut consume: impl FnMut(&str, &str, Option<&Map<String, Value>>),
) {
    match page {
        PullAnswer::Feed { changes, .. } => changes.iter().for_each(|change| {
            let record = change.record.as_ref().filter(|_| change.op == Op::Upsert);
            consume(&change.resource, &change.id, record);
        }),
        PullAnswer::Tables { tables, .. } => tables.iter().for_each(|(name, changes)| {
            changes.deleted.iter().for_each(|id| consume(name, id, None));
            changes.records.iter().for_each(|record| {
                let id = record.get("id").and_then(Value::as_str).map(str::to_owned);
                let joined = || ends(record).map(|(from, to)| format!("{from}:{to}"));
                if let Some(id) = id.or_else(joined) {
                    consume(name, &id, Some(record));
                }
            });
        }),
    }
}

/// The two ids of a join row.
fn ends(record: &Map<String, Value>) -> Option<(&str, &str)> {
    Some((record.get("from")?.as_str()?, record.get("to")?.as_str()?))
}

fn digest(content: ContentHash) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(content.as_bytes());
    digest
}
