//! The body of a pull and its answer, in both dialects (contract 3.4). How a page is applied is decided
//! in [`crate::offline`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::bounded_list::BoundedList;
use super::cursor::Cursor;
use super::error::NeitherDialect;
use super::raw_object::RawObject;

/// The body of a pull. A server reads the members of its dialect and ignores the others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PullRequest {
    /// The client id of the caller.
    pub client_id: String,
    /// First dialect: the changes after this cursor are asked for.
    pub cursor: Cursor,
    /// First dialect: the maximum number of changes in one page.
    pub limit: u64,
    /// Second dialect: the cursor of each resource that has one, by resource name.
    #[serde(default)]
    pub cursors: BTreeMap<String, Cursor>,
    /// An extension, for servers with the capability [`super::status::PULL_EXCLUDE_OWN`]: the
    /// server omits changes after this cursor that the caller made itself, if the record or join
    /// row is exactly what the caller sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_own_after: Option<Cursor>,
    /// An extension: what the answer to the first page of a pull from 0 said in
    /// [`PullAnswer::Feed::started_at`], for its further pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Cursor>,
}

/// The operation of a change on a record or a join row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// It was written; the change carries its full state.
    Upsert,
    /// It was deleted.
    Delete,
}

/// One entry of the change feed (first dialect).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedChange {
    /// The position of the change in the server's sequence.
    #[serde(with = "sequence")]
    pub server_seq: Cursor,
    /// The name of the resource or join store.
    pub resource: String,
    /// The record's id, or `from:to` of a join row.
    pub id: String,
    /// Whether it was written or deleted.
    pub op: Op,
    /// The full state: the fields of a record, or `from`, `to` and the metadata of a join row.
    /// `None` for a delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Map<String, Value>>,
}

/// The changes of one table (second dialect).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableChanges {
    /// The written records, each a full state that includes its `id`.
    pub records: Vec<Map<String, Value>>,
    /// The ids of the deleted records.
    pub deleted: Vec<String>,
    /// The table's cursor after these changes.
    pub cursor: Option<Cursor>,
}

/// One page of changes.
#[derive(Debug, Clone, PartialEq)]
pub enum PullAnswer {
    /// The first dialect: one feed of all tables.
    Feed {
        /// The changes, in the order of the server's sequence.
        changes: Vec<FeedChange>,
        /// The cursor of the next page; `None` on the last page.
        next: Option<Cursor>,
        /// An extension: the last position that the page covers, which the server sends when it
        /// may have omitted changes ([`PullRequest::exclude_own_after`]).
        reached: Option<Cursor>,
        /// An extension: the sequence when this pull began at 0, if more pages follow. A server that
        /// forgets old deletes tells by it that the client has begun with nothing, whatever the cursor.
        started_at: Option<Cursor>,
    },
    /// The second dialect: changes table by table.
    Tables {
        /// The changes by table name.
        tables: BTreeMap<String, TableChanges>,
        /// Whether another page follows; a missing `hasMore` means no.
        has_more: bool,
    },
}

impl PullAnswer {
    /// The number of changes in the page.
    #[must_use]
    pub fn changes(&self) -> u64 {
        let changes = match self {
            Self::Feed { changes, .. } => changes.len(),
            Self::Tables { tables, .. } => {
                tables.values().map(|table| table.records.len() + table.deleted.len()).sum()
            }
        };
        changes as u64
    }

    /// Reads the result inside the envelope.
    ///
    /// # Errors
    /// [`NeitherDialect`] when the answer has neither `changes` nor `records`, `deleted`
    /// or `cursors`, or when one of them has the wrong type.
    pub fn from_raw(result: &RawObject<'_>) -> Result<Self, NeitherDialect> {
        match result.get::<BoundedList<FeedChange>>("changes")? {
            Some(changes) => Ok(Self::Feed {
                changes: changes.0,
                next: result.get("nextCursor")?,
                reached: result.get("reached")?,
                started_at: result.get("startedAt")?,
            }),
            None => tables(result),
        }
    }
}

fn tables(result: &RawObject<'_>) -> Result<PullAnswer, NeitherDialect> {
    if !["records", "deleted", "cursors"].iter().any(|name| result.has(name)) {
        return Err(NeitherDialect::new("there is neither `changes` nor `records`"));
    }
    let mut tables = BTreeMap::<String, TableChanges>::new();
    for (name, records) in by_table::<BoundedList<Map<String, Value>>>(result, "records")? {
        tables.entry(name).or_default().records = records.0;
    }
    for (name, deleted) in by_table::<BoundedList<String>>(result, "deleted")? {
        tables.entry(name).or_default().deleted = deleted.0;
    }
    for (name, cursor) in by_table::<Option<Cursor>>(result, "cursors")? {
        tables.entry(name).or_default().cursor = cursor;
    }
    Ok(PullAnswer::Tables { tables, has_more: result.get("hasMore")?.unwrap_or(false) })
}

/// The member `name`, an object with a member for each table; a missing one is empty.
fn by_table<'a, T: Deserialize<'a>>(
    result: &RawObject<'a>,
    name: &str,
) -> Result<BTreeMap<String, T>, NeitherDialect> {
    Ok(result.get(name)?.unwrap_or_default())
}

/// `serverSeq`, which some servers write as a JSON number and others as a string.
mod sequence {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Cursor;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Wire {
        Number(u64),
        Text(Cursor),
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cursor, D::Error> {
        Ok(match Wire::deserialize(deserializer)? {
            Wire::Number(number) => Cursor::from(number),
            Wire::Text(cursor) => cursor,
        })
    }

    pub(super) fn serialize<S: Serializer>(cursor: &Cursor, serializer: S) -> Result<S::Ok, S::Error> {
        match cursor.as_str().parse::<u64>() {
            Ok(number) => number.serialize(serializer),
            Err(_) => cursor.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: &Value) -> Result<PullAnswer, NeitherDialect> {
        PullAnswer::from_raw(&RawObject::read(&value.to_string()).unwrap())
    }

    #[test]
    fn reads_a_server_sequence_from_a_number_or_a_string() {
        for sequence in [json!(7), json!("7")] {
            let answer = parse(&json!({"nextCursor": "9", "changes": [
                {"serverSeq": sequence, "resource": "todos", "id": "t1", "op": "delete"}]}));
            let Ok(PullAnswer::Feed { changes, next, .. }) = answer else { panic!("{answer:?}") };
            assert_eq!(changes[0].server_seq, Cursor::from(7));
            assert_eq!(next, Some(Cursor::from(9)));
        }
    }

    #[test]
    fn reads_tables_with_missing_members() {
        let answer = parse(&json!({"deleted": {"todos": ["t1"]}, "cursors": {"todos": "3"}}));
        let Ok(PullAnswer::Tables { tables, has_more: false }) = answer else { panic!("{answer:?}") };
        assert_eq!(tables["todos"].deleted, ["t1"]);
        assert_eq!(tables["todos"].cursor, Some(Cursor::from(3)));
    }

    #[test]
    fn rejects_missing_members_and_members_of_the_wrong_type() {
        for answer in [
            json!({}),
            json!({"changes": null}),
            json!({"changes": [{"resource": "todos"}]}),
            json!({"changes": [], "nextCursor": 9}),
            json!({"changes": [], "nextCursor": "-9"}),
            json!({"records": []}),
            json!({"records": {"todos": [1]}}),
            json!({"cursors": {"todos": "x"}}),
            json!({"records": {}, "hasMore": "yes"}),
        ] {
            assert!(parse(&answer).is_err(), "{answer}");
        }
    }
}
