//! The schema as a whole: [`Schema::parse`] and [`Schema::check`]. Its parts are read in
//! [`super::resource`] and [`super::relation`].

use bytes::BytesMut;
use serde_json::Value;

use super::problems::Problems;
use super::relation::relations;
use super::resource::resources;
use crate::mutation::canonical::write_value;
use crate::protocol::ROOT_PATH;
use crate::schema::definition::Schema;
use crate::schema::error::SchemaError;

const KEYS: [&str; 2] = ["resources", "relations"];

/// What a check of a text finds.
#[derive(Debug)]
#[non_exhaustive]
pub struct Checked {
    /// The schema, or all of its problems, at least one, in the order of the text.
    pub schema: Result<Schema, Vec<SchemaError>>,
    /// What is valid and has no effect. A name that is not known, of a key or a type, may be a typo if it is
    /// similar to a known one; without a name, the problem is a mistake.
    pub ignored: Vec<SchemaError>,
}

impl Schema {
    /// Parses and validates a schema.
    ///
    /// # Errors
    /// [`SchemaError`] for the first problem.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        Self::parse_all(text).map_err(|mut problems| problems.swap_remove(0))
    }

    /// Parses and validates a schema, and reports all problems.
    ///
    /// # Errors
    /// At least one [`SchemaError`], in the order of the text.
    pub fn parse_all(text: &str) -> Result<Self, Vec<SchemaError>> {
        Self::check(text).schema
    }

    /// Parses and validates a schema, and reports all problems and everything that is ignored.
    #[must_use]
    pub fn check(text: &str) -> Checked {
        // PowerShell and some editors write a byte order mark, which JSON does not allow.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut problems = Problems::default();
        let schema = Self::collect(text, &mut problems);
        problems.locate(text);
        let Problems { errors, ignored } = problems;
        let schema = schema.filter(|_| errors.is_empty()).ok_or(errors);
        Checked { schema, ignored }
    }

    /// The schema as far as it can be read; without one there is a problem.
    fn collect(text: &str, problems: &mut Problems) -> Option<Self> {
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => {
                problems.not_json(text, &error);
                return None;
            }
        };
        let mut canonical = BytesMut::new();
        write_value(&mut canonical, &value);
        let fingerprint = blake3::hash(&canonical).to_hex().to_string();
        let Value::Object(root) = value else {
            problems.invalid(ROOT_PATH, "must be a JSON object");
            return None;
        };
        problems.ignore_keys(&root, &KEYS, "");
        let resources = match root.get("resources") {
            Some(Value::Array(items)) => resources(items, problems),
            Some(_) => {
                problems.invalid("resources", "`resources` must be an array");
                return None;
            }
            None => {
                problems.invalid("resources", "`resources` is missing");
                return None;
            }
        };
        let relations = match root.get("relations") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => relations(items, &resources, problems),
            Some(_) => {
                problems.invalid("relations", "`relations` must be an array");
                return None;
            }
        };
        Some(Self::new(resources, relations, fingerprint, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::error::UnknownName;
    use crate::schema::id_format::IdFormat;
    use crate::schema::model::{JoinStorage, JoinStore};

    #[test]
    fn missing_members_have_the_defaults_of_the_contract() {
        let schema = Schema::parse(
            r#"{"resources": [{"name": "a", "future": 1}, {"name": "b", "version": 3, "isRemoteOnly": true,
                    "fields": [{"name": "id", "type": "string"}, {"name": "x", "type": "date", "column": "y"}]}],
                "relations": [{"type": "many-many", "from": ["a", "b"], "to": "b"}]}"#,
        )
        .unwrap();
        let [a, b] = schema.resources.as_slice() else { panic!("two resources") };
        assert_eq!(
            (a.version, a.is_remote_only, a.storage.table.as_str(), a.storage.id.as_slice()),
            (1, false, "a", ["id".to_owned()].as_slice())
        );
        assert_eq!((b.version, b.is_remote_only, b.fields.len()), (3, true, 1));
        assert_eq!(b.fields[0].column(), "y");
        let names: Vec<_> = schema.join_stores().iter().map(JoinStore::name).collect();
        assert_eq!(names, ["join_a_rel_b", "join_b_rel_b"]);
    }

    #[test]
    fn missing_members_of_a_join_storage_have_their_defaults() {
        for (storage, expected) in [
            (r#"{"table": "x"}"#, ["x", "from", "to"]),
            (r#"{"from": "a", "to": "b"}"#, ["join_a_tags_a", "a", "b"]),
        ] {
            let schema = Schema::parse(&format!(
                r#"{{"resources": [{{"name": "a"}}], "relations": [{{"type": "many-many", "from": "a", "to": "a",
                    "relation": "tags", "storage": {storage}}}]}}"#
            ));
            let JoinStorage { table, from, to } = schema.unwrap().join_stores()[0].storage();
            assert_eq!([table, from, to], expected);
        }
    }

    #[test]
    fn reports_the_path_of_every_problem() {
        let with_field = |field: &str| format!(r#"{{"resources":[{{"name":"a","fields":[{field}]}}]}}"#);
        let with_relation = |rel: &str| format!(r#"{{"resources":[{{"name":"a"}}],"relations":[{rel}]}}"#);
        let cases = [
            ("{".to_owned(), "$"),
            ("[]".to_owned(), "$"),
            ("{}".to_owned(), "resources"),
            (r#"{"resources":{}}"#.to_owned(), "resources"),
            (r#"{"resources":[1]}"#.to_owned(), "resources[0]"),
            (r#"{"resources":[{}]}"#.to_owned(), "resources[0].name"),
            (r#"{"resources":[{"name":"a"},{"name":"a"}]}"#.to_owned(), "resources[1].name"),
            (r#"{"resources":[{"name":"a","version":"1"}]}"#.to_owned(), "resources[0].version"),
            (
                r#"{"resources":[{"name":"a","storage":{"idFormat":"x"}}]}"#.to_owned(),
                "resources[0].storage.idFormat",
            ),
            (with_field(r#"{"name":"x"}"#), "resources[0].fields[0].type"),
            (with_field(r#"{"name":"x","type":"string","nullable":1}"#), "resources[0].fields[0].nullable"),
            (with_relation(r#"{"type":"many","from":"a","to":"a"}"#), "relations[0].type"),
            (with_relation(r#"{"type":"many-many","from":"a","to":"b"}"#), "relations[0].to"),
            (with_relation(r#"{"type":"many-many","from":[],"to":"a"}"#), "relations[0].from"),
            (
                with_relation(r#"{"type":"many-one","from":"a","to":"a","fkField":"x"}"#),
                "relations[0].fkField",
            ),
            (
                with_relation(
                    r#"{"type":"many-many","from":"a","to":"a"},{"type":"many-many","from":"a","to":"a"}"#,
                ),
                "relations[1]",
            ),
        ];
        for (text, path) in cases {
            assert_eq!(Schema::parse(&text).unwrap_err().path, path, "{text}");
        }
    }

    #[test]
    fn reports_all_problems_in_the_order_of_the_text() {
        let text = r#"{"resources": [{"fields": []}, {"name": "a", "fields": [{"name": "x"}, {"type": "string"}]}, {"name": "a"}],
            "relations": [{"type": "x"}, {"type": "many-one", "from": "a", "to": "b"}]}"#;
        let paths: Vec<_> =
            Schema::parse_all(text).unwrap_err().into_iter().map(|error| error.path).collect();
        let expected = [
            "resources[0].name",
            "resources[1].fields[0].type",
            "resources[1].fields[1].name",
            "resources[2].name",
            "relations[0].from",
            "relations[0].to",
            "relations[0].type",
            "relations[1].to",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn reports_every_problem_of_one_item_with_its_place_and_the_names_that_exist() {
        let text = r#"{"resources": [{"name": "todos", "version": -1, "isRemoteOnly": 1,
  "fields": [{"required": 1, "nullable": 1}, {"name": "title", "type": "strng", "requird": true}],
  "storage": {"table": "", "id": ["a", 7, "A"], "idFormat": "{}", "deletedWhen": {"values": [null, []]}}}],
 "relations": [{"type": "many-to-one", "from": "todo", "to": ["todos", 1], "fkField": "titel", "storage": {"table": 1}},
  {"type": "many-one", "from": "todos", "to": "todos", "fkField": "titel"}]}"#;
        let Checked { schema, ignored } = Schema::check(text);
        let errors = schema.unwrap_err();
        let found: Vec<_> = errors
            .iter()
            .map(|error| (error.path.as_str(), error.place.unwrap().line, error.unknown.as_ref()))
            .collect();
        let name = |name: &str, known: &[&str]| UnknownName {
            name: name.to_owned(),
            known: known.iter().map(|&name| name.to_owned()).collect(),
        };
        let kinds = name("many-to-one", &["many-many", "many-one", "one-many", "one-one"]);
        let (resource, field) = (name("todo", &["todos"]), name("titel", &["title"]));
        let expected = [
            ("resources[0].version", 1, None),
            ("resources[0].isRemoteOnly", 1, None),
            ("resources[0].fields[0].name", 2, None),
            ("resources[0].fields[0].type", 2, None),
            ("resources[0].fields[0].required", 2, None),
            ("resources[0].fields[0].nullable", 2, None),
            ("resources[0].storage.table", 3, None),
            ("resources[0].storage.id[1]", 3, None),
            ("resources[0].storage.id[2]", 3, None),
            ("resources[0].storage.idFormat", 3, None),
            ("resources[0].storage.deletedWhen.column", 3, None),
            ("resources[0].storage.deletedWhen.values[0]", 3, None),
            ("resources[0].storage.deletedWhen.values[1]", 3, None),
            ("relations[0].type", 4, Some(&kinds)),
            ("relations[0].from", 4, Some(&resource)),
            ("relations[0].to[1]", 4, None),
            ("relations[0].storage", 4, None),
            ("relations[0].storage.table", 4, None),
            ("relations[1].fkField", 5, Some(&field)),
            ("relations[1].fkField", 5, None),
        ];
        assert_eq!(found, expected);
        let ignored: Vec<_> = ignored.iter().map(|ignored| ignored.path.as_str()).collect();
        assert_eq!(ignored, ["resources[0].fields[1].type", "resources[0].fields[1].requird"]);
    }

    #[test]
    fn a_key_has_one_column_or_several_with_a_template() {
        let storage = |storage: &str| {
            let text = format!(r#"{{"resources":[{{"name":"a","storage":{storage}}}]}}"#);
            Schema::parse(&text).map(|schema| schema.resources[0].storage.clone())
        };
        for (text, columns, format) in [
            (r#"{"id":"k"}"#, &["k"][..], None),
            (r#"{"id":["k"]}"#, &["k"], None),
            (r#"{"id":["k"],"idFormat":"a:{}"}"#, &["k"], Some("a:{}")),
            (r#"{"id":["k","l"]}"#, &["k", "l"], Some("{}:{}")),
            (r#"{"id":["k","l","m"]}"#, &["k", "l", "m"], Some("{}:{}:{}")),
            (r#"{"id":["k","l"],"idFormat":"{}/{}"}"#, &["k", "l"], Some("{}/{}")),
        ] {
            let parsed = storage(text).unwrap();
            assert_eq!(parsed.id, columns, "{text}");
            let format = format.map(|format| IdFormat::parse(format, columns.len()).unwrap());
            assert_eq!(parsed.id_format, format, "{text}");
        }
        for (text, path) in [
            (r#"{"id":[]}"#, "id"),
            (r#"{"id":7}"#, "id"),
            (r#"{"id":["k",7]}"#, "id[1]"),
            (r#"{"id":["k",""]}"#, "id[1]"),
            (r#"{"id":["k","K"]}"#, "id[1]"),
            (r#"{"id":["k","l"],"idFormat":"{}"}"#, "idFormat"),
            (r#"{"id":["k","l"],"idFormat":"{}{}"}"#, "idFormat"),
            (r#"{"id":"k","idFormat":"{}:{}"}"#, "idFormat"),
        ] {
            assert_eq!(storage(text).unwrap_err().path, format!("resources[0].storage.{path}"), "{text}");
        }
    }

    #[test]
    fn one_field_or_column_cannot_refer_to_a_key_of_several_columns() {
        let parse = |relation: &str| {
            Schema::parse(&format!(
                r#"{{"resources":[{{"name":"a","fields":[{{"name":"b","type":"string"}}]}},
                    {{"name":"b","storage":{{"id":["k","l"]}}}}],"relations":[{relation}]}}"#
            ))
        };
        for (relation, path) in [
            (r#"{"type":"many-one","from":"a","to":["a","b"],"fkField":"b"}"#, "fkField"),
            (r#"{"type":"many-many","from":"a","to":"b","storage":{"table":"t"}}"#, "storage.to"),
            (r#"{"type":"many-many","from":"b","to":"a","storage":{"table":"t"}}"#, "storage.from"),
        ] {
            let error = parse(relation).unwrap_err();
            assert_eq!(error.path, format!("relations[0].{path}"));
            assert!(error.message.contains("the key of `b` has several columns"), "{error}");
        }
        // A join table in the default layout holds whole ids.
        let schema = parse(r#"{"type":"many-many","from":"a","to":"b"}"#).unwrap();
        assert_eq!(schema.resources[1].storage.reference_format(), None);
    }
}
