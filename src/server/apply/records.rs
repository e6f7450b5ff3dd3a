//! Changes of records: insert, merge, replace and delete. Changes of relations are in
//! [`super::relations`].

use super::error::Result;
use crate::protocol::{ErrorBody, code};
use crate::server::dfql::invalid;
use crate::server::prepare::{RecordChange, WriteKind};
use crate::server::store::{ClientNumber, Document, ItemKey, StoredContent, Writer};

/// Changes a record.
///
/// # Errors
/// `CONFLICT` for the insert of an existing record, the error of a missing required field for a new
/// one.
pub(super) fn change(
    writer: &mut dyn Writer,
    client: ClientNumber,
    key: &ItemKey,
    change: &RecordChange,
) -> Result<()> {
    let (kind, content, missing) = match change {
        RecordChange::Delete => return Ok(writer.remove(key)?),
        RecordChange::Write { kind, content, missing } => (*kind, content, missing),
    };
    // Most records are new, and then this one statement is enough.
    if missing.is_none() && writer.insert(key, content, client)? {
        return Ok(());
    }
    match (kind, missing) {
        (WriteKind::Merge, _) => {
            if let Some(current) = writer.find(key)? {
                return merge(writer, client, key, current, content);
            }
        }
        (WriteKind::Insert, _) => {
            if writer.exists(key)? {
                let message = format!("Record already exists: {}", key.id);
                return Err(ErrorBody::new(code::CONFLICT, message, "id").into());
            }
        }
        // The check of the required fields is only for a record that does not exist.
        (WriteKind::Replace, None) => {}
        (WriteKind::Replace, Some(_)) => {
            if writer.exists(key)? {
                return Ok(writer.put(key, content, Some(client))?);
            }
        }
    }
    match missing {
        Some(missing) => Err(missing.clone().into()),
        None => Ok(writer.put(key, content, Some(client))?),
    }
}

/// Writes the sent fields over those of an existing record.
fn merge(
    writer: &mut dyn Writer,
    client: ClientNumber,
    key: &ItemKey,
    mut current: Document,
    sent: &StoredContent,
) -> Result<()> {
    // The check has parsed the record too, but `serde_json::Value` refuses objects that imitate the
    // marker of its own raw values.
    let fields: Document = serde_json::from_str(sent.document.as_str())
        .map_err(|_| invalid("record", "must be an object of JSON values"))?;
    if current.keys().all(|field| fields.contains_key(field)) {
        return Ok(writer.put(key, sent, Some(client))?);
    }
    current.extend(fields);
    Ok(writer.put(key, &StoredContent::from(&current), None)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutation::ContentHash;
    use crate::server::apply::error::ApplyError;
    use crate::server::store::TableFields;
    use crate::server::store::sqlite::SqliteStore;

    #[test]
    fn a_merge_that_cannot_be_parsed_is_rejected_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("server.db"), &TableFields::new()).unwrap();
        let (key, client) = (ItemKey::record("todos".into(), "t".into()), ClientNumber::of("C"));
        let merge = |fields: &str| RecordChange::Write {
            kind: WriteKind::Merge,
            content: StoredContent { document: fields.into(), digest: ContentHash::default() },
            missing: None,
        };
        let mut rejected = None;
        store
            .write(|writer, _| {
                let written = writer.transaction(|writer| {
                    assert!(change(writer, client, &key, &merge(r#"{"title":"a"}"#)).is_ok());
                    let imitation = merge(r#"{"meta":{"$serde_json::private::RawValue":"not JSON"}}"#);
                    if let Err(ApplyError::Rejected(error)) = change(writer, client, &key, &imitation) {
                        rejected = Some((error, writer.find(&key)?.unwrap()));
                    }
                    Ok(())
                });
                written.unwrap();
            })
            .unwrap();
        let (error, document) = rejected.unwrap();
        assert_eq!((error.code.as_str(), error.path.as_str()), (code::DFQL_INVALID, "record"));
        assert_eq!(serde_json::Value::from(document), serde_json::json!({"title": "a"}));
    }
}
