//! A pull and its answer, in both dialects (contract 3.4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Bounded, Cursor, NeitherDialect, Parts};

/// The body of a pull. Each dialect reads its own part of it and ignores the other.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PullRequest {
    /// Who asks.
    pub client_id: String,
    /// First dialect: changes after this one are wanted.
    pub cursor: Cursor,
    /// First dialect: at most so many changes.
    pub limit: u64,
    /// Second dialect: the cursor of each resource that has one.
    #[serde(default)]
    pub cursors: BTreeMap<String, Cursor>,
    /// An extension, for servers that name [`super::status::PULL_EXCLUDE_OWN`]: leave out the
    /// changes after this one that the caller has made itself, where the record or join row
    /// was then just what the caller had sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_own_after: Option<Cursor>,
}

/// What happened to a record or a join row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// It is there now, as the change says.
    Upsert,
    /// It is not there any more.
    Delete,
}

/// One entry of the change feed (first dialect).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The change's place in the server's one sequence.
    #[serde(with = "sequence")]
    pub server_seq: Cursor,
    /// A resource, or a join store.
    pub resource: String,
    /// The record's id, or `from:to` of a join row.
    pub id: String,
    /// What happened.
    pub op: Op,
    /// The full state, without it for a delete; `from`, `to` and metadata of a join row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Map<String, Value>>,
}

/// What changed in one table (second dialect).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableChanges {
    /// Full states, each with its `id`.
    pub records: Vec<Map<String, Value>>,
    /// Ids of what is gone.
    pub deleted: Vec<String>,
    /// Where the table stands after these changes.
    pub cursor: Option<Cursor>,
}

/// One page of changes.
#[derive(Debug, Clone, PartialEq)]
pub enum PullAnswer {
    /// The first dialect: one feed over all tables.
    Feed {
        /// In the order of the server's sequence.
        changes: Vec<Change>,
        /// Where the next page starts; `None` after the last one.
        next: Option<Cursor>,
        /// How far the page goes, where changes may have been left out.
        reached: Option<Cursor>,
    },
    /// The second dialect: changes table by table.
    Tables {
        /// What changed, by resource.
        tables: BTreeMap<String, TableChanges>,
        /// Whether to ask again; missing means no.
        has_more: bool,
    },
}

impl PullAnswer {
    /// Reads the inside of the envelope.
    ///
    /// # Errors
    /// [`NeitherDialect`] when the answer has neither `changes` nor `records`, `deleted`
    /// or `cursors`, or when one of them has the wrong type.
    pub fn from_parts(result: &Parts<'_>) -> Result<Self, NeitherDialect> {
        match result.get::<Bounded<Change>>("changes")? {
            Some(changes) => Ok(Self::Feed {
                changes: changes.0,
                next: result.get("nextCursor")?,
                reached: result.get("reached")?,
            }),
            None => tables(result),
        }
    }
}

fn tables(result: &Parts<'_>) -> Result<PullAnswer, NeitherDialect> {
    if !["records", "deleted", "cursors"].iter().any(|name| result.has(name)) {
        return Err(NeitherDialect::new("there is neither `changes` nor `records`"));
    }
    let mut tables = BTreeMap::<String, TableChanges>::new();
    for (name, records) in by_table::<Bounded<Map<String, Value>>>(result, "records")? {
        tables.entry(name).or_default().records = records.0;
    }
    for (name, deleted) in by_table::<Bounded<String>>(result, "deleted")? {
        tables.entry(name).or_default().deleted = deleted.0;
    }
    for (name, cursor) in by_table::<Option<Cursor>>(result, "cursors")? {
        tables.entry(name).or_default().cursor = cursor;
    }
    Ok(PullAnswer::Tables { tables, has_more: result.get("hasMore")?.unwrap_or(false) })
}

fn by_table<'a, T: Deserialize<'a>>(
    result: &Parts<'a>,
    name: &str,
) -> Result<BTreeMap<String, T>, NeitherDialect> {
    Ok(result.get(name)?.unwrap_or_default())
}

/// `serverSeq` is a JSON number in some servers and a string in others.
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
        PullAnswer::from_parts(&Parts::read(&value.to_string()).unwrap())
    }

    #[test]
    fn the_feed_has_numbers_or_strings_as_sequence() {
        for sequence in [json!(7), json!("7")] {
            let answer = parse(&json!({"nextCursor": "9", "changes": [
                {"serverSeq": sequence, "resource": "todos", "id": "t1", "op": "delete"}]}));
            let Ok(PullAnswer::Feed { changes, next, .. }) = answer else { panic!("{answer:?}") };
            assert_eq!(changes[0].server_seq, Cursor::from(7));
            assert_eq!(next, Some(Cursor::from(9)));
        }
    }

    #[test]
    fn tables_may_lack_everything_but_one_part() {
        let answer = parse(&json!({"deleted": {"todos": ["t1"]}, "cursors": {"todos": "3"}}));
        let Ok(PullAnswer::Tables { tables, has_more: false }) = answer else { panic!("{answer:?}") };
        assert_eq!(tables["todos"].deleted, ["t1"]);
        assert_eq!(tables["todos"].cursor, Some(Cursor::from(3)));
    }

    #[test]
    fn a_wrong_type_is_neither_dialect() {
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
