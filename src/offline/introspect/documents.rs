//! The keys of the JSON documents in a column, and the kinds of their values. Every document is read; of
//! its values only the kinds are kept, so memory grows with the number of different keys. Columns that
//! hold no documents are read in [`super::values`].

use std::collections::BTreeMap;
use std::fmt;

use rusqlite::types::ValueRef;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::offline::error::OfflineError;
use crate::offline::introspect::json_text::StructureVisitor;
use crate::offline::introspect::values::note_text;
use crate::offline::map::json_key::JsonKey;
use crate::offline::map::value::MAX_LEVELS;
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::quoted;
use crate::protocol::{has_reserved_key, is_nested_deeper_than};
use crate::schema::{ColumnFacts, DocumentFacts};

/// The facts about the documents in a column.
pub(super) fn documents(
    snapshot: &Snapshot,
    table: &str,
    column: &str,
) -> Result<DocumentFacts, OfflineError> {
    let sql = format!("SELECT {} FROM {} NOT INDEXED", quoted(column), quoted(table));
    let collect = || -> rusqlite::Result<DocumentFacts> {
        let (mut facts, mut keys) = (DocumentFacts::default(), BTreeMap::<String, ColumnFacts>::new());
        let mut statement = snapshot.connection().prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            facts.documents += 1;
            facts.invalid += u64::from(!note_document(&mut keys, row.get_ref(0)?));
        }
        facts.keys = keys.into_values().collect();
        Ok(facts)
    };
    collect().map_err(OfflineError::while_doing(format!("cannot read table {}", quoted(table))))
}

/// Adds a document's keys; returns whether it is a document that can be uploaded.
fn note_document(keys: &mut BTreeMap<String, ColumnFacts>, document: ValueRef<'_>) -> bool {
    let ValueRef::Text(text) = document else { return false };
    if is_nested_deeper_than(text, MAX_LEVELS) || has_reserved_key(text) {
        return false;
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let noted = (&mut deserializer).deserialize_map(DocumentVisitor(keys));
    noted.is_ok() && deserializer.end().is_ok()
}

struct DocumentVisitor<'k>(&'k mut BTreeMap<String, ColumnFacts>);

impl<'de> Visitor<'de> for DocumentVisitor<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(JsonKey(key)) = entries.next_key::<JsonKey<'de>>()? {
            // Most keys have been seen already: a name is copied for a new one only.
            if !self.0.contains_key(&*key) {
                let name = key.clone().into_owned();
                self.0.insert(name.clone(), ColumnFacts { name, ..ColumnFacts::default() });
            }
            if let Some(facts) = self.0.get_mut(&*key) {
                entries.next_value_seed(NoteValue(facts))?;
            }
        }
        Ok(())
    }
}

/// Adds a value of a document to the facts about its key.
struct NoteValue<'f>(&'f mut ColumnFacts);

impl<'de> DeserializeSeed<'de> for NoteValue<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NoteValue<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.has_null = true;
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.0.has_boolean = true;
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.0.has_integer = true;
        self.0.has_large_integer |= number > 1;
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.0.has_integer = true;
        self.0.has_large_integer = true;
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.0.has_real = true;
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        note_text(self.0, text.as_bytes());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        self.0.has_nested = true;
        StructureVisitor.visit_seq(items).map(drop)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        self.0.has_nested = true;
        StructureVisitor.visit_map(entries).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_kinds_of_values_are_noted() {
        let mut keys = BTreeMap::new();
        for (document, is_document) in [
            (r#"{"a": 1, "b": "x", "c": null}"#, true),
            (r#"{"a": true, "b": "[1]", "d": {"a": [1e300]}, "\u0065": -1}"#, true),
            (r#"{"a": 1} "#, true),
            ("[]", false),
            (r#"{"f": {"$serde_json::private::Number": "1"}}"#, false),
            ("{} {}", false),
            (r#"{"a": 1e400}"#, false),
            ("", false),
        ] {
            assert_eq!(
                note_document(&mut keys, ValueRef::Text(document.as_bytes())),
                is_document,
                "{document}"
            );
        }
        assert!(!note_document(&mut keys, ValueRef::Null));
        assert_eq!(keys.keys().collect::<Vec<_>>(), ["a", "b", "c", "d", "e"]);
        let (a, b, d) = (&keys["a"], &keys["b"], &keys["d"]);
        assert!(a.has_boolean && a.has_integer && !a.has_large_integer);
        assert!(b.has_plain_text && b.has_json_text && !b.has_nested);
        assert!(d.has_nested && keys["e"].has_large_integer && keys["c"].has_null);
    }
}
