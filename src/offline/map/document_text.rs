//! Documents read without a tree of values: the members of a document's text, and the fields among them. Where
//! only a tree can tell, as with keys that have escapes, [`super::document`] reads the document.

use bytes::{BufMut as _, BytesMut};

use crate::mutation::canonical::write_value;
use crate::mutation::canonical_text::{read_members, write_text};
use crate::offline::map::document_value::outward;
use crate::offline::map::fields::MappedField;
use crate::offline::map::value::ValueError;
use crate::schema::Type;

/// The members of a document.
pub(crate) struct DocumentText<'d> {
    /// The keys and the texts of the values, in the order of the text.
    members: Vec<(&'d str, &'d str)>,
}

impl<'d> DocumentText<'d> {
    /// Finds the members of a document; `None` where it needs a tree, or is no document.
    pub(crate) fn read(text: &'d [u8]) -> Option<Self> {
        let mut members = Vec::with_capacity(16);
        read_members(std::str::from_utf8(text).ok()?, &mut |key, value| members.push((key, value)))?;
        Some(Self { members })
    }

    /// All keys; one that is there twice comes twice.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'d str> {
        self.members.iter().map(|(key, _)| *key)
    }

    /// Appends the canonical JSON object of the fields. An error comes with the field that cannot be mapped.
    pub(crate) fn write_fields<'f>(
        &self,
        out: &mut BytesMut,
        fields: &'f [MappedField],
    ) -> Result<(), (&'f MappedField, ValueError)> {
        out.put_u8(b'{');
        for field in fields {
            // A missing key is like a column that holds NULL. The last of equal keys counts.
            let member = self.members.iter().rev().find(|(key, _)| *key == field.column);
            let text = member.map_or("null", |(_, text)| *text);
            if text == "null" && !field.mapping.nullable {
                continue;
            }
            field.write_key(out);
            write_field(out, field, text).map_err(|error| (field, error))?;
        }
        out.put_u8(b'}');
        Ok(())
    }
}

/// Appends the value that is uploaded for the text of a document's value.
fn write_field(out: &mut BytesMut, field: &MappedField, text: &str) -> Result<(), ValueError> {
    let mapping = &field.mapping;
    // A key of another record, JSON in a string and what is no boolean depend on the value.
    let is_plain = match &mapping.kind {
        _ if mapping.id_format.is_some() => false,
        Type::Boolean => matches!(text, "true" | "false"),
        kind => !(kind.is_json() && text.starts_with('"')),
    };
    if text == "null" || (is_plain && write_text(out, text).is_some()) {
        if text == "null" {
            out.extend_from_slice(text.as_bytes());
        }
        return Ok(());
    }
    let value = serde_json::from_str(text).map_err(|error| ValueError::NotJson(error.to_string()))?;
    write_value(out, &outward(mapping, &value)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::offline::map::document;
    use crate::offline::map::fields::document_fields;
    use crate::schema::{IdFormat, Schema};

    /// A field of each kind, and one that refers to records whose ids have a template.
    fn fields() -> Vec<MappedField> {
        let schema = Schema::parse(
            r#"{"resources": [{"name": "r", "version": 1, "fields": [
                {"name": "b", "type": "boolean"}, {"name": "j", "type": "json"},
                {"name": "k", "type": "string"}, {"name": "n", "type": "number", "nullable": true},
                {"name": "s", "type": "string"}]}], "relations": []}"#,
        )
        .unwrap();
        let format =
            |field: &crate::schema::Field| (field.name == "k").then(|| IdFormat::parse("x-{}", 1).unwrap());
        document_fields(&schema.resources[0].fields, format)
    }

    /// What both ways make of a document: the text or the field with the error.
    fn both(text: &str) -> [Option<Result<String, String>>; 2] {
        let fields = fields();
        let result = |out: BytesMut, written: Result<(), (&MappedField, ValueError)>| match written {
            Ok(()) => Ok(String::from_utf8(out.into()).unwrap()),
            Err((field, error)) => Err(format!("{} {error}", field.name)),
        };
        let (mut out, read) = (BytesMut::new(), DocumentText::read(text.as_bytes()));
        let direct =
            read.map(|document| document.write_fields(&mut out, &fields)).map(|done| result(out, done));
        let (mut out, parsed) =
            (BytesMut::new(), document::parse(rusqlite::types::ValueRef::Text(text.as_bytes())));
        let tree = parsed.ok().map(|document| match document::write_fields(&mut out, &fields, &document) {
            Ok(()) => Ok(String::from_utf8(out.into()).unwrap()),
            Err((field, error)) => Err(format!("{} {error}", field.name)),
        });
        [direct, tree]
    }

    #[test]
    fn a_document_needs_a_tree_only_where_its_keys_are_special() {
        for (text, expected) in [
            ("{}", Some(r#"{"n":null}"#)),
            (
                r#" {"s": "é\u0041", "b": 1, "n": 1.50, "other": [1]} "#,
                Some(r#"{"b":true,"n":1.5,"s":"éA"}"#),
            ),
            (r#"{"s": 1, "s": 2, "k": 7, "j": "{\"b\": 1, \"a\": 2}"}"#, {
                Some(r#"{"j":{"a":2,"b":1},"k":"x-7","n":null,"s":2}"#)
            }),
            (r#"{"\u0073": 1}"#, None),
            ("[]", None),
            ("{", None),
        ] {
            let [direct, tree] = both(text);
            assert_eq!(direct, expected.map(|text| Ok(text.to_owned())), "{text}");
            assert!(direct.is_none() || direct == tree, "{text}: {tree:?}");
        }
    }

    proptest! {
        #[test]
        fn text_and_tree_agree(members in prop::collection::vec(
            (
                "[bjkns]|other",
                prop::sample::select(vec![
                    "null", "true", "false", "0", "1", "2", "1.0", "-0", "1e3", "\"1\"", "\"true\"", "\"\"", "[]",
                    "[1, {\"b\":2, \"a\":1}]", "{\"a\" : \"\\u00e9\"}", "\"[1, 2]\"", "\"{\\\"a\\\": 1.50}\"", "\"{\"",
                    "\"\\n\"", "12345678901234567890", "nul", "01",
                ]),
            ),
            0..6,
        )) {
            let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
            let text = format!("{{{}}}", members.join(", "));
            let [direct, tree] = both(&text);
            prop_assert_eq!(direct.is_some(), tree.is_some());
            prop_assert_eq!(direct, tree);
        }
    }
}
