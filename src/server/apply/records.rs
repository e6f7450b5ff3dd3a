//! Changes of records: insert, merge, replace and delete. Changes of relations are in
//! [`super::relations`].

use super::error::Result;
use crate::protocol::{ErrorBody, code};
use crate::server::dfql::invalid;
use crate::server::prepare::{RecordChange, WriteKind};
use crate::server::store::{Document, NewChange, Subject, Writer};

/// Changes a record.
///
/// # Errors
/// `CONFLICT` for the insert of an existing record, the error of a missing required field for a new
/// one.
pub(super) fn change(
    writer: &mut dyn Writer,
    subject: &Subject,
    change: &RecordChange,
) -> Result<Vec<NewChange>> {
    let changed = |is_as_sent| Ok(vec![NewChange { subject: subject.clone(), is_as_sent }]);
    let (kind, fields, missing) = match change {
        RecordChange::Delete => {
            writer.remove(subject)?;
            return changed(true);
        }
        RecordChange::Write { kind, fields, missing } => (*kind, fields, missing),
    };
    // Most records are new, and then this one statement is enough.
    if missing.is_none() && writer.insert(subject, fields)? {
        return changed(true);
    }
    let current = writer.find(subject)?;
    match (kind, current, missing) {
        (WriteKind::Insert, Some(_), _) => {
            let message = format!("Record already exists: {}", subject.id());
            Err(ErrorBody::new(code::CONFLICT, message, "id").into())
        }
        (WriteKind::Merge, Some(mut current), _) => {
            // The check has parsed the record too, but `serde_json::Value` refuses objects that imitate
            // the marker of its own raw values.
            let sent: Document = serde_json::from_str(fields.as_str())
                .map_err(|_| invalid("record", "must be an object of JSON values"))?;
            let is_as_sent = current.keys().all(|field| sent.contains_key(field));
            current.extend(sent);
            writer.put_document(subject, &current)?;
            changed(is_as_sent)
        }
        (_, None, Some(missing)) => Err(missing.clone().into()),
        (_, _, _) => {
            writer.put(subject, fields)?;
            changed(true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::apply::error::ApplyError;
    use crate::server::store::Store;
    use crate::server::store::sqlite::SqliteStore;

    #[test]
    fn a_merge_that_cannot_be_parsed_is_rejected_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("server.db")).unwrap();
        let subject = Subject::Record { resource: "todos".into(), id: "t".into() };
        let merge = |fields: &str| RecordChange::Write {
            kind: WriteKind::Merge,
            fields: fields.into(),
            missing: None,
        };
        let mut rejected = None;
        store
            .write(&mut |writer, _| {
                assert!(change(writer, &subject, &merge(r#"{"title":"a"}"#)).is_ok());
                let imitation = merge(r#"{"meta":{"$serde_json::private::RawValue":"not JSON"}}"#);
                if let Err(ApplyError::Rejected(error)) = change(writer, &subject, &imitation) {
                    rejected = Some((error, writer.find(&subject).unwrap().unwrap()));
                }
            })
            .unwrap();
        let (error, document) = rejected.unwrap();
        assert_eq!((error.code.as_str(), error.path.as_str()), (code::DFQL_INVALID, "record"));
        assert_eq!(serde_json::Value::from(document), serde_json::json!({"title": "a"}));
    }
}
