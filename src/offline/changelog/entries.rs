//! The change log that the application keeps of its own edits (contract 1.3): which
//! deletes in it must be pushed, what newer entries protect from a pull, and draining what
//! an upload covered.

use std::collections::{BTreeMap, HashSet};

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, params};

use crate::offline::changelog::entry::{Entry, OfflineDelete, Scope};
use crate::offline::changelog::presence::Presence;
use crate::offline::error::OfflineError;
use crate::offline::sql::Table;
use crate::schema::Schema;

const TABLE: &str = "__datafn_changelog";

/// The SQL function that says whether an entry was covered; NULL for one that cannot be read.
const IS_COVERED: &str = "synctool_is_covered";

/// The highest `seq` in the snapshot; zero for an empty change log.
pub(crate) fn highest_seq(connection: &Connection) -> Result<i64, OfflineError> {
    if !exists(connection)? {
        return Ok(0);
    }
    connection
        .query_row(&format!("SELECT coalesce(max(seq), 0) FROM {TABLE}"), [], |row| row.get(0))
        .map_err(failed("read"))
}

/// How many entries there are, by operation.
pub(crate) fn pending(connection: &Connection) -> Result<BTreeMap<String, u64>, OfflineError> {
    let mut pending = BTreeMap::new();
    if !exists(connection)? {
        return Ok(pending);
    }
    let sql = format!("SELECT mutation FROM {TABLE}");
    let mut statement = connection.prepare(&sql).map_err(failed("read"))?;
    let mut rows = statement.query([]).map_err(failed("read"))?;
    while let Some(row) = rows.next().map_err(failed("read"))? {
        let entry = row.get::<_, String>(0).ok().and_then(|text| Entry::parse(&text));
        let operation = entry.map_or_else(|| "unreadable".to_owned(), |entry| entry.operation);
        *pending.entry(operation).or_default() += 1;
    }
    Ok(pending)
}

/// Calls `consume` for every delete and unrelate up to `seq` that is in scope and whose
/// subject is not there any more (contract 3.1, stage C).
pub(crate) fn offline_deletes(
    connection: &Connection,
    schema: &Schema,
    scope: &Scope,
    seq: i64,
    mut consume: impl FnMut(OfflineDelete) -> Result<(), OfflineError>,
) -> Result<(), OfflineError> {
    if !scope.deletes || !exists(connection)? {
        return Ok(());
    }
    let mut presence = Presence::new(connection, schema);
    let sql = format!("SELECT clientId, mutationId, mutation FROM {TABLE} WHERE seq <= ?1 ORDER BY seq");
    let mut statement = connection.prepare(&sql).map_err(failed("read"))?;
    let mut rows = statement.query([seq]).map_err(failed("read"))?;
    while let Some(row) = rows.next().map_err(failed("read"))? {
        // An entry that cannot be read stays in the change log; draining says so.
        let Ok(text) = row.get::<_, String>(2) else { continue };
        let Some(mut entry) = Entry::parse(&text) else { continue };
        let is_wanted = entry.is_covered(scope, schema) && entry.is_in_scope(scope, schema);
        if !is_wanted || !presence.keep_absent(&mut entry)? {
            continue;
        }
        let column = |index| row.get::<_, String>(index).unwrap_or_default();
        let version = schema.resource(&entry.resource).map_or(1, |resource| resource.version);
        consume(entry.into_delete(column(0), column(1), version))?;
    }
    Ok(())
}

/// Records and join rows that entries touch which the server does not know of yet: a pulled
/// change must not overwrite these (contract 3.1.6).
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Resource and id, or join store and `from:to`.
    subjects: HashSet<(String, String)>,
}

impl Touched {
    /// Those of the entries after `seq`.
    pub(crate) fn since(connection: &Connection, schema: &Schema, seq: i64) -> Result<Self, OfflineError> {
        Self::by(connection, schema, seq, |_| true)
    }

    /// Those of the entries after `seq`, and of the ones before it that the upload has left out.
    pub(crate) fn outside(
        connection: &Connection,
        schema: &Schema,
        seq: i64,
        scope: &Scope,
    ) -> Result<Self, OfflineError> {
        Self::by(connection, schema, seq, |entry| entry.is_covered(scope, schema))
    }

    /// Entries up to `seq` count unless they are covered.
    fn by(
        connection: &Connection,
        schema: &Schema,
        seq: i64,
        is_covered: impl Fn(&Entry) -> bool,
    ) -> Result<Self, OfflineError> {
        let mut touched = Self::default();
        if !exists(connection)? {
            return Ok(touched);
        }
        let sql = format!("SELECT mutation, seq > ?1 FROM {TABLE}");
        let mut statement = connection.prepare(&sql).map_err(failed("read"))?;
        let mut rows = statement.query([seq]).map_err(failed("read"))?;
        while let Some(row) = rows.next().map_err(failed("read"))? {
            let is_newer: bool = row.get(1).map_err(failed("read"))?;
            let entry = row.get::<_, String>(0).ok().and_then(|text| Entry::parse(&text));
            if let Some(entry) = entry.filter(|entry| is_newer || !is_covered(entry)) {
                touched.subjects.extend(entry.subjects(schema));
            }
        }
        Ok(touched)
    }

    pub(crate) fn into_subjects(self) -> HashSet<(String, String)> {
        self.subjects
    }

    pub(crate) fn contains(&self, resource: &str, id: &str) -> bool {
        // Most pulls meet no newer entry at all.
        !self.subjects.is_empty() && self.subjects.contains(&(resource.to_owned(), id.to_owned()))
    }
}

/// Removes the entries up to `seq` that the upload covered, and returns how many stay
/// because they cannot be read.
pub(crate) fn drain(
    connection: &Connection,
    schema: &Schema,
    scope: &Scope,
    seq: i64,
) -> Result<u64, OfflineError> {
    if !exists(connection)? {
        return Ok(0);
    }
    let (schema, scope) = (schema.clone(), scope.clone());
    connection
        .create_scalar_function(IS_COVERED, 1, FunctionFlags::SQLITE_UTF8, move |context| {
            let entry = context.get::<String>(0).ok().and_then(|text| Entry::parse(&text));
            Ok(entry.map(|entry| entry.is_covered(&scope, &schema)))
        })
        .map_err(failed("drain"))?;
    let sql = format!("DELETE FROM {TABLE} WHERE seq <= ?1 AND {IS_COVERED}(mutation)");
    connection.execute(&sql, params![seq]).map_err(failed("drain"))?;
    let sql = format!("SELECT count(*) FROM {TABLE} WHERE seq <= ?1 AND {IS_COVERED}(mutation) IS NULL");
    connection.query_row(&sql, params![seq], |row| row.get(0)).map_err(failed("drain"))
}

fn exists(connection: &Connection) -> Result<bool, OfflineError> {
    Table::find(connection, TABLE).map(|table| table.is_some()).map_err(failed("read"))
}

fn failed(verb: &str) -> impl FnOnce(rusqlite::Error) -> OfflineError {
    OfflineError::while_doing(format!("cannot {verb} {TABLE}"))
}
