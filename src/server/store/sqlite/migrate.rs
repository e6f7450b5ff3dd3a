//! Rewrites a store of the format before this one, in the transaction that opens it. There, records, join
//! rows and changes were tables of their own, and a changed item was in the feed once a change.

use bytes::BytesMut;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, Transaction};

use super::layout::{self, Place};
use crate::mutation::{Content, ContentHash};
use crate::server::store::{ClientNumber, Result, TableFields};

/// The `user_version` of the format that [`migrate`] reads.
pub(super) const OLD_FORMAT: i32 = 3;

/// Makes the new tables, fills them from the old ones, and drops those. The file keeps its store id and
/// its sequence, so clients go on where they were.
///
/// # Errors
/// [`StoreError`](crate::server::store::StoreError) when SQLite fails, for example at a full disk; the
/// file is then as it was.
pub(super) fn migrate(transaction: &Transaction<'_>, tables: &str) -> Result<()> {
    tracing::info!("rewriting the store in the format of this version");
    add_functions(transaction)?;
    // `applied` and `meta` have other columns or the same name.
    transaction
        .execute_batch("ALTER TABLE applied RENAME TO old_applied; ALTER TABLE meta RENAME TO old_meta")?;
    transaction.execute_batch(tables)?;
    // Of the columns beside `max()`, SQLite takes the values of the row with the maximum: the last change.
    let bits = Place::PART_BITS;
    transaction.execute_batch(&format!(
        "INSERT INTO meta SELECT key, value FROM old_meta;
         INSERT INTO item (place, name, id, target, client, digest, document)
             SELECT place, last.name, last.id, coalesce(last.target, ''),
                 iif(coalesce(record.document, join_row.document) IS NULL, NULL, client_number(client.id)),
                 content_digest(coalesce(record.document, join_row.document)),
                 normalized(coalesce(record.document, join_row.document))
             FROM (SELECT max(sequence << {bits} | part) AS place, name, id, target, client FROM change
                 GROUP BY name, id, target) AS last
             LEFT JOIN client ON client.number = last.client
             LEFT JOIN record ON last.target IS NULL AND record.resource = last.name AND record.id = last.id
             LEFT JOIN join_row ON join_row.store = last.name AND join_row.source = last.id
                 AND join_row.target = last.target
             ORDER BY place;
         INSERT INTO applied (client, mutation, step)
             SELECT client_number(client.id), mutation, (SELECT value FROM meta WHERE key = 'sequence')
             FROM old_applied JOIN client ON client.number = old_applied.client ORDER BY 1, 2;
         INSERT INTO meta (key, value) SELECT 'remembered', count(*) FROM applied;
         DROP TABLE change; DROP TABLE record; DROP TABLE join_row; DROP TABLE client;
         DROP TABLE old_applied; DROP TABLE old_meta;",
    ))?;
    save_fields(transaction)
}

/// Enters the fields that the documents have.
fn save_fields(transaction: &Transaction<'_>) -> Result<()> {
    let mut fields = TableFields::new();
    let mut found =
        transaction.prepare("SELECT DISTINCT name, key FROM item, json_each(document) ORDER BY name, key")?;
    let mut rows = found.query([])?;
    while let Some(row) = rows.next()? {
        fields.entry(row.get(0)?).or_default().insert(row.get(1)?);
    }
    drop(rows);
    drop(found);
    layout::add_fields(transaction, &fields).map(drop)
}

/// The SQL functions `content_digest(document)`, `normalized(document)` and `client_number(client id)`;
/// NULL of NULL. The old format kept spaces and repeated keys.
fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8;
    connection.create_scalar_function("content_digest", 1, flags, |context| {
        let Some(content) = content(context)? else { return Ok(None) };
        let mut text = BytesMut::new();
        content.write_hashed(&mut text);
        Ok(Some(ContentHash::of(&[&text]).as_bytes().to_vec()))
    })?;
    connection.create_scalar_function("normalized", 1, flags, |context| {
        Ok(match content(context)? {
            None => None,
            Some(Content::Canonical(text, _)) => Some(text),
            Some(Content::Tree(fields)) => Some(serde_json::to_string(&fields).map_err(failed)?),
        })
    })?;
    connection.create_scalar_function("client_number", 1, flags, |context| {
        Ok(context.get::<Option<String>>(0)?.map(|id| ClientNumber::of(&id).0))
    })
}

/// The content of the document that a function is called with.
fn content(context: &Context<'_>) -> rusqlite::Result<Option<Content<String>>> {
    context.get::<Option<String>>(0)?.map(|text| Content::read(text).map_err(failed)).transpose()
}

fn failed(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(error.into())
}
