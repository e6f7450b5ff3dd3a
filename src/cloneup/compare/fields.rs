//! Which fields of a row differ, of the first rows whose content differs: the digest of each value, and
//! the values themselves where they are asked for. Digests come from the server's `digest` route, field by
//! field; values are only in its feed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::BytesMut;
use serde_json::{Map, Value};

use super::by_feed::{id_of, members};
use super::comparing::{Comparing, FeedPages, Question};
use super::difference::{Difference, DifferenceKind, FieldDifference};
use super::digest_client::NoAnswer;
use super::table::Table;
use crate::cloneup::blocking::blocking;
use crate::cloneup::failure::{DIGEST_PATH, Failure};
use crate::mutation::digest::{MAX_BITS, bucket_of};
use crate::mutation::{ContentHash, content_digest};
use crate::offline::{ChosenIds, ItemKey, OfflineError, Snapshot};
use crate::protocol::{BucketsRequest, DigestTable, Op};

/// The number of differences whose fields are named: each takes a few kilobytes of an answer.
pub(crate) const MAX_EXPLAINED: usize = 100;

/// The values of a row that is not the same on both sides, by the names of its fields.
type Values = HashMap<String, FieldValue>;

/// A value, as far as it is known.
#[derive(Debug, Clone)]
struct FieldValue {
    digest: ContentHash,
    value: Option<Value>,
}

/// The rows to explain of each table, by the table's index and the row's id.
type Rows = HashMap<(usize, String), Values>;

impl Comparing<'_> {
    /// Names the fields that differ of the first rows whose content differs. A row that has changed since
    /// it was compared may have none.
    pub(crate) async fn explain(
        &self,
        question: &Arc<Question>,
        snapshot: Snapshot,
        differences: &mut [Difference],
        (is_by_digests, shows_values): (bool, bool),
    ) -> Result<(), Failure> {
        let is_different = |difference: &&mut Difference| difference.kind == DifferenceKind::Different;
        let explained: Vec<_> = differences.iter_mut().filter(is_different).take(MAX_EXPLAINED).collect();
        if explained.is_empty() {
            return Ok(());
        }
        let index_of: HashMap<_, _> =
            question.tables.iter().enumerate().map(|(index, table)| (table.name(), index)).collect();
        let key = |difference: &Difference| {
            index_of.get(&*difference.resource).map(|index| (*index, difference.id.clone()))
        };
        let wanted: HashSet<_> = explained.iter().filter_map(|difference| key(difference)).collect();
        let local = {
            let (question, wanted) = (Arc::clone(question), wanted.clone());
            blocking(move || local_values(&question.tables, &wanted, &snapshot)).await?
        };
        let server = if is_by_digests && !shows_values {
            self.digests_of_fields(&question.tables, &wanted, &local).await?
        } else {
            self.values_in_feed(&question.tables, &wanted).await?
        };
        for difference in explained {
            let Some(key) = key(difference) else { continue };
            let (none, fields) = (Values::new(), question.tables[key.0].fields());
            let (local, server) = (local.get(&key).unwrap_or(&none), server.get(&key).unwrap_or(&none));
            difference.fields = Some(differing(&fields, local, server, shows_values));
        }
        Ok(())
    }

    /// The digests of the values that the server has, one field after the other.
    async fn digests_of_fields(
        &self,
        tables: &[Table],
        wanted: &HashSet<(usize, String)>,
        local: &Rows,
    ) -> Result<Rows, Failure> {
        let mut rows = Rows::new();
        // What the digest of a content without the field is.
        let nothing = content_digest(&Map::new());
        for (index, table) in tables.iter().enumerate() {
            let ids: HashSet<_> = wanted.iter().filter(|(of, _)| *of == index).map(|(_, id)| &**id).collect();
            let keys: Vec<_> = local.keys().filter(|(of, _)| *of == index).map(|(_, id)| id).collect();
            let buckets = buckets_of(table, &keys);
            if buckets.is_empty() {
                continue;
            }
            for field in table.fields() {
                let of_field =
                    DigestTable { name: table.name().to_owned(), fields: Some(vec![field.to_owned()]) };
                for (id, digest) in self.items(of_field, &buckets, &ids).await? {
                    let value = FieldValue { digest, value: None };
                    let row = rows.entry((index, id)).or_default();
                    if digest != nothing {
                        row.insert(field.to_owned(), value);
                    }
                }
            }
        }
        Ok(rows)
    }

    /// The items with these ids in some buckets.
    async fn items(
        &self,
        table: DigestTable,
        buckets: &[u32],
        ids: &HashSet<&str>,
    ) -> Result<Vec<(String, ContentHash)>, Failure> {
        let (mut left, mut found) = (buckets.to_vec(), Vec::new());
        while !left.is_empty() {
            let (client_id, table) = (self.client_id.to_owned(), table.clone());
            let request = BucketsRequest { client_id, bits: MAX_BITS, table, buckets: left.clone() };
            let answer = self.digest_client().ask(&request).await.map_err(|error| match error {
                NoAnswer::Failed(failure) => failure,
                NoAnswer::Refused(message) => Failure::broken_protocol(message, DIGEST_PATH),
            })?;
            left.drain(..answer.answered);
            for item in answer.items {
                let id = match &item.to {
                    Some(to) => format!("{}:{to}", item.id),
                    None => item.id,
                };
                if ids.contains(&*id) {
                    found.push((id, ContentHash::from_bytes(item.content)));
                }
            }
        }
        Ok(found)
    }

    /// The values that the server has, by its feed.
    async fn values_in_feed(
        &self,
        tables: &[Table],
        wanted: &HashSet<(usize, String)>,
    ) -> Result<Rows, Failure> {
        let index_of: HashMap<_, _> =
            tables.iter().enumerate().map(|(index, table)| (table.name(), index)).collect();
        let (mut rows, mut pages) = (Rows::new(), FeedPages::new(self));
        while let Some(page) = pages.next().await? {
            for change in page.changes() {
                let (Some(index), Some(id)) = (index_of.get(change.table), id_of(&change)) else { continue };
                let key = (*index, id.into_owned());
                if wanted.contains(&key) {
                    let record = change.record.filter(|_| change.op == Op::Upsert);
                    let values = record.map(|record| values(&tables[*index], &members(record, |_| true)));
                    rows.insert(key, values.unwrap_or_default());
                }
            }
        }
        Ok(rows)
    }
}

/// The fields that differ.
fn differing(fields: &[&str], local: &Values, server: &Values, shows_values: bool) -> Vec<FieldDifference> {
    let digest = |values: &Values, field: &str| values.get(field).map(|value| value.digest);
    let fields = fields.iter().filter(|field| digest(local, field) != digest(server, field));
    let shown = |values: &Values, field: &str| {
        let value = || values.get(field).and_then(|value| value.value.clone());
        shows_values.then(value).flatten()
    };
    let difference = |field: &&str| FieldDifference {
        name: (*field).to_owned(),
        local: digest(local, field).map(ContentHash::to_hex),
        server: digest(server, field).map(ContentHash::to_hex),
        local_value: shown(local, field),
        server_value: shown(server, field),
    };
    fields.map(difference).collect()
}

/// The values of a row's fields that are compared, without those that are null.
fn values(table: &Table, record: &Map<String, Value>) -> Values {
    let present = table.fields().into_iter().filter_map(|field| Some((field, record.get(field)?)));
    present
        .filter(|(_, value)| !value.is_null())
        .map(|(field, value)| {
            let alone = Map::from_iter([(field.to_owned(), value.clone())]);
            let value = FieldValue { digest: content_digest(&alone), value: Some(value.clone()) };
            (field.to_owned(), value)
        })
        .collect()
}

/// The numbers of the buckets of these keys.
fn buckets_of(table: &Table, ids: &[&String]) -> Vec<u32> {
    let mut buckets = Vec::new();
    let mut add = |id: &str, to: Option<&str>| buckets.extend(u32::try_from(bucket_of(id, to, MAX_BITS)));
    for id in ids {
        match table {
            Table::Records(_) => add(id, None),
            // Each place where the key may be divided: only one of the buckets has the row.
            Table::JoinRows(_) => {
                id.match_indices(':').for_each(|(place, _)| add(&id[..place], Some(&id[place + 1..])));
            }
        }
    }
    buckets.sort_unstable();
    buckets.dedup();
    buckets
}

/// The values of the wanted rows in the database.
fn local_values(
    tables: &[Table],
    wanted: &HashSet<(usize, String)>,
    snapshot: &Snapshot,
) -> Result<Rows, OfflineError> {
    let mut rows = Rows::new();
    for (index, table) in tables.iter().enumerate() {
        let ids: HashSet<_> =
            wanted.iter().filter(|(of, _)| *of == index).map(|(_, id)| id.clone()).collect();
        if ids.is_empty() {
            continue;
        }
        let read = |json: &[u8]| {
            let record: Map<String, Value> = serde_json::from_slice(json).unwrap_or_default();
            values(table, &record)
        };
        match table {
            Table::Records(source) => {
                let ids = Arc::new(Ids(ids));
                source.clone().chosen(ids).for_each(snapshot, |record| {
                    let mut json = BytesMut::new();
                    record.write_fields(&mut json)?;
                    rows.insert((index, record.id.to_owned()), read(&json));
                    Ok(())
                })?;
            }
            Table::JoinRows(source) => {
                super::local_items::for_each_pair(source, snapshot, |from, to, json| {
                    let id = ItemKey::join_row(from, to).id;
                    if ids.contains(&id) {
                        rows.insert((index, id), read(json));
                    }
                    Ok(())
                })?;
            }
        }
    }
    Ok(rows)
}

/// A few ids.
#[derive(Debug)]
struct Ids(HashSet<String>);

impl ChosenIds for Ids {
    fn has(&self, id: &str) -> Result<bool, OfflineError> {
        Ok(self.0.contains(id))
    }
}
