//! Comparing an offline database with the server: what is missing there, different or extra.
//!
//! The server's side comes page by page from the beginning of its feed and is kept as a
//! digest a record; the local side is read once, in upload order. What means the same is
//! equal: a field that is missing and one that is null, and numbers by their value.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::cloneup::finish::pull::Puller;
use crate::cloneup::observer::Observer;
use crate::cloneup::options::Options;
use crate::cloneup::outcome::{End, interrupted};
use crate::cloneup::plan::make::{PlanError, requested, scope};
use crate::cloneup::progress::tally::end_of;
use crate::cloneup::stop::Stop;
use crate::mutation::canonical::{compare_keys, write_string, write_value};
use crate::offline::{
    Database, Digest, Digests, JoinSource, OfflineError, RecordSource, Snapshot, touched_since,
};
use crate::protocol::{Cursor, ErrorBody, Op, PullAnswer, PullRequest};
use crate::remote::Remote;
use crate::schema::{Schema, upload_order};

/// How many differences are listed by their ids; all of them are counted.
const MAX_LISTED: usize = 10_000;

/// What a comparison came to. Its JSON is what stdout carries.
#[derive(Debug, Serialize)]
pub struct Verification {
    /// Whether the server has just what the database has.
    pub ok: bool,
    /// By resource in upload order, then by join store.
    pub tables: Vec<TableCounts>,
    /// The differences, up to some thousands of them.
    pub differences: Vec<Difference>,
    /// Why it could not be compared.
    pub errors: Vec<ErrorBody>,
    /// How it ended, from which the exit status follows.
    #[serde(skip)]
    pub end: End,
}

/// The counts of a resource or join store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TableCounts {
    /// The resource or join store.
    pub name: String,
    /// How many there are in the database.
    pub local: u64,
    /// How many the server has.
    pub server: u64,
    /// Those that the server lacks.
    pub missing: u64,
    /// Those that it has otherwise.
    pub different: u64,
    /// Those that only the server has.
    pub extra: u64,
}

/// A record or join row that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The resource or join store.
    pub resource: String,
    /// The record's id, or `from:to` of a join row.
    pub id: String,
    /// How they differ.
    pub kind: DifferenceKind,
}

/// How a record or join row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DifferenceKind {
    /// The server lacks it.
    Missing,
    /// The server has it otherwise.
    Different,
    /// Only the server has it.
    Extra,
}

impl Verification {
    /// A comparison that could not be made.
    #[must_use]
    pub fn failed(end: End, errors: Vec<ErrorBody>) -> Self {
        Self { ok: false, tables: Vec::new(), differences: Vec::new(), errors, end }
    }

    /// How many differences there are, listed or not.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.tables.iter().map(|table| table.missing + table.different + table.extra).sum()
    }
}

/// Compares everything in the scope of the options. Nothing is written on either side.
///
/// `since` is the change log's `seq` that an upload has just covered: what newer entries
/// touch is not compared. `None` compares everything.
pub async fn verify(
    options: &Arc<Options>,
    schema: &Arc<Schema>,
    database: &Database,
    remote: &Remote,
    observer: &dyn Observer,
    stop: &Stop,
    since: Option<i64>,
) -> Verification {
    let tables = {
        let (options, schema, database) = (Arc::clone(options), Arc::clone(schema), database.clone());
        crate::cloneup::blocking::blocking(move || Tables::resolve(&options, &schema, &database)).await
    };
    let mut comparison = match tables {
        Ok(tables) => tables,
        Err(PlanError::Options(errors)) => return Verification::failed(End::Invalid, errors),
        Err(PlanError::Offline(error)) => return Verification::failed(end_of(&error), vec![error.report()]),
    };
    let puller = Puller { remote, max_retries: options.max_retries(), observer, stop };
    let mut request = PullRequest {
        // Anybody may read the feed; who asks makes no difference.
        client_id: options.client_id.clone().unwrap_or_else(|| "synctool-verify".to_owned()),
        cursor: Cursor::zero(),
        limit: options.pull_limit,
        cursors: std::collections::BTreeMap::new(),
        exclude_own_after: None,
    };
    loop {
        let (page, is_last) = match puller.next(&mut request).await {
            Ok(page) => page,
            Err(failure) => {
                let (end, body) = failure.report();
                return Verification::failed(end, vec![body]);
            }
        };
        let taken =
            crate::cloneup::blocking::blocking(move || comparison.take_in(&page).map(|()| comparison)).await;
        comparison = match taken {
            Ok(comparison) => comparison,
            Err(error) => return Verification::failed(end_of(&error), vec![error.report()]),
        };
        if is_last {
            break;
        }
    }
    let (schema, watched) = (Arc::clone(schema), stop.clone());
    match crate::cloneup::blocking::blocking(move || comparison.compare(&schema, since, &watched)).await {
        Ok(verification) => verification,
        Err(OfflineError::Stopped) => {
            let (end, body) = interrupted();
            Verification::failed(end, vec![body])
        }
        Err(error) => Verification::failed(end_of(&error), vec![error.report()]),
    }
}

/// What is compared, and what the server has of it.
struct Tables {
    snapshot: Snapshot,
    records: Vec<RecordSource>,
    join_rows: Vec<JoinSource>,
    /// By resource or join store, the fields that count.
    fields: HashMap<String, HashSet<String>>,
    server: Digests,
}

impl Tables {
    fn resolve(options: &Options, schema: &Schema, database: &Database) -> Result<Self, PlanError> {
        let requested = requested(options, schema).map_err(PlanError::Options)?;
        let scope = scope(options, schema, &requested);
        let snapshot = Snapshot::take(database)?;
        let mut warnings = Vec::new();
        let (mut records, mut join_rows, mut fields) = (Vec::new(), Vec::new(), HashMap::new());
        for resource in upload_order(schema, &requested) {
            let source = RecordSource::resolve(&snapshot, schema, resource, &mut warnings)?;
            fields.insert(source.name().to_owned(), source.fields().map(str::to_owned).collect());
            records.push(source);
        }
        for store in schema.join_stores() {
            if scope.join_rows && scope.resources.contains(&store.from.name) {
                let source = JoinSource::resolve(&snapshot, &store, &mut warnings)?;
                fields.insert(source.name().to_owned(), source.fields().map(str::to_owned).collect());
                join_rows.push(source);
            }
        }
        Ok(Self { snapshot, records, join_rows, fields, server: Digests::new()? })
    }

    /// Takes a page of the feed in; later changes count.
    fn take_in(&self, page: &PullAnswer) -> Result<(), OfflineError> {
        match page {
            PullAnswer::Feed { changes, .. } => changes.iter().try_for_each(|change| {
                let record = change.record.as_ref().filter(|_| change.op == Op::Upsert);
                self.put(&change.resource, &change.id, record)
            }),
            PullAnswer::Tables { tables, .. } => tables.iter().try_for_each(|(name, changes)| {
                changes.deleted.iter().try_for_each(|id| self.put(name, id, None))?;
                changes.records.iter().try_for_each(|record| {
                    let text = |key: &str| record.get(key).and_then(Value::as_str);
                    let id = match (text("id"), text("from"), text("to")) {
                        (Some(id), ..) => id.to_owned(),
                        (None, Some(from), Some(to)) => format!("{from}:{to}"),
                        _ => return Ok(()),
                    };
                    self.put(name, &id, Some(record))
                })
            }),
        }
    }

    fn put(&self, name: &str, id: &str, record: Option<&Map<String, Value>>) -> Result<(), OfflineError> {
        let Some(fields) = self.fields.get(name) else { return Ok(()) };
        match record {
            None => self.server.remove(name, id),
            Some(record) => {
                let counting = record.iter().filter(|(field, _)| fields.contains(*field));
                self.server.put(name, id, &digest(counting))
            }
        }
    }

    fn compare(self, schema: &Schema, since: Option<i64>, stop: &Stop) -> Result<Verification, OfflineError> {
        let edited = match since {
            Some(seq) => touched_since(&self.snapshot, schema, seq)?,
            None => HashSet::new(),
        };
        let mut found = Found { verification: Verification::failed(End::Success, Vec::new()), edited };
        for source in &self.records {
            let name = source.name();
            let (mut counts, mut json) = (self.counts(name)?, Vec::new());
            source.for_each(&self.snapshot, |record| {
                go_on(&counts, stop)?;
                json.clear();
                record.write_fields(&mut json)?;
                let server = self.server.take(name, record.id)?;
                found.note(&mut counts, record.id, &local_digest(&json), server);
                Ok(())
            })?;
            self.finish(counts, &mut found)?;
        }
        for source in &self.join_rows {
            let name = source.name();
            let (mut counts, mut json) = (self.counts(name)?, Vec::new());
            // Of several rows of one pair, the server has the one that was sent last.
            let mut last: Option<(String, Digest)> = None;
            let mut settle = |last: Option<(String, Digest)>, counts: &mut TableCounts| {
                let Some((id, local)) = last else { return Ok(()) };
                go_on(counts, stop)?;
                let server = self.server.take(name, &id)?;
                found.note(counts, &id, &local, server);
                Ok::<_, OfflineError>(())
            };
            source.for_each(&self.snapshot, |row| {
                json.clear();
                row.write_metadata(&mut json)?;
                let id = format!("{}:{}", row.from, row.to);
                let next = Some((id, local_digest(&json)));
                if last.as_ref().map(|(id, _)| id) != next.as_ref().map(|(id, _)| id) {
                    settle(last.take(), &mut counts)?;
                }
                last = next;
                Ok(())
            })?;
            settle(last, &mut counts)?;
            self.finish(counts, &mut found)?;
        }
        let mut verification = found.verification;
        verification.ok = verification.count() == 0;
        verification.end = if verification.ok { End::Success } else { End::Rejected };
        Ok(verification)
    }

    fn counts(&self, name: &str) -> Result<TableCounts, OfflineError> {
        let server = self.server.count(name)?;
        Ok(TableCounts { name: name.to_owned(), server, ..TableCounts::default() })
    }

    /// What is left is only on the server.
    fn finish(&self, mut counts: TableCounts, found: &mut Found) -> Result<(), OfflineError> {
        let name = counts.name.clone();
        self.server.rest(&name, |id| {
            if !found.is_edited(&name, id) {
                counts.extra += 1;
                found.list(&name, id, DifferenceKind::Extra);
            }
        })?;
        found.verification.tables.push(counts);
        Ok(())
    }
}

/// Whether nobody has asked to stop, looked at now and then.
fn go_on(counts: &TableCounts, stop: &Stop) -> Result<(), OfflineError> {
    if counts.local.is_multiple_of(1024) && stop.is_requested() { Err(OfflineError::Stopped) } else { Ok(()) }
}

/// What was found so far.
struct Found {
    verification: Verification,
    /// What the application has changed since.
    edited: HashSet<(String, String)>,
}

impl Found {
    fn is_edited(&self, name: &str, id: &str) -> bool {
        !self.edited.is_empty() && self.edited.contains(&(name.to_owned(), id.to_owned()))
    }

    fn note(&mut self, counts: &mut TableCounts, id: &str, local: &Digest, server: Option<Digest>) {
        counts.local += 1;
        if server.as_ref() == Some(local) || self.is_edited(&counts.name, id) {
            return;
        }
        if server.is_none() {
            counts.missing += 1;
            self.list(&counts.name, id, DifferenceKind::Missing);
        } else {
            counts.different += 1;
            self.list(&counts.name, id, DifferenceKind::Different);
        }
    }

    fn list(&mut self, name: &str, id: &str, kind: DifferenceKind) {
        let listed = &mut self.verification.differences;
        if listed.len() < MAX_LISTED {
            listed.push(Difference { resource: name.to_owned(), id: id.to_owned(), kind });
        }
    }
}

/// The digest of a record's fields as the database has them: canonical JSON already, but for
/// nulls.
fn local_digest(json: &[u8]) -> Digest {
    if !json.windows(5).any(|window| window == b":null") {
        return hash(json);
    }
    // It was written as JSON right before.
    let object: Map<String, Value> = serde_json::from_slice(json).unwrap_or_default();
    digest(object.iter())
}

/// The digest of fields, without those that are null.
fn digest<'a>(fields: impl Iterator<Item = (&'a String, &'a Value)>) -> Digest {
    let mut fields: Vec<_> = fields.filter(|(_, value)| !value.is_null()).collect();
    fields.sort_by(|(a, _), (b, _)| compare_keys(a, b));
    let mut json = b"{".to_vec();
    for (name, value) in fields {
        if json.len() > 1 {
            json.push(b',');
        }
        write_string(&mut json, name);
        json.push(b':');
        write_value(&mut json, value);
    }
    json.push(b'}');
    hash(&json)
}

fn hash(json: &[u8]) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(&blake3::hash(json).as_bytes()[..16]);
    digest
}
