//! From JSON to a valid [`Schema`], with the path of whatever is wrong in it.
//!
//! Unknown keys are ignored (contract 2), so that schemas of newer servers still work.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::model::{Field, IdFormat, JoinStorage, Relation, RelationKind, Resource, Schema, Storage, Type};
use crate::mutation::canonical::write_value;
use crate::protocol::GLOBAL_CURSOR;

/// The relation's name where the schema gives none.
const DEFAULT_RELATION: &str = "rel";

/// What is wrong in a schema, and where. Its code is `SCHEMA_INVALID`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid schema: {message}")]
pub struct SchemaError {
    /// What is wrong, for a person.
    pub message: String,
    /// Where, such as `resources[0].fields[2].type`.
    pub path: String,
}

type Result<T> = std::result::Result<T, SchemaError>;

fn invalid<T>(path: impl Into<String>, message: impl Into<String>) -> Result<T> {
    Err(SchemaError { message: message.into(), path: path.into() })
}

impl Schema {
    /// Reads and checks a schema.
    ///
    /// # Errors
    /// [`SchemaError`] for the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_all(text).map_err(|mut problems| problems.swap_remove(0))
    }

    /// The same, with everything that is wrong: at least one problem, in the order of the
    /// text; of each resource, field and relation the first.
    ///
    /// # Errors
    /// Every [`SchemaError`].
    pub fn parse_all(text: &str) -> std::result::Result<Self, Vec<SchemaError>> {
        let mut problems = Vec::new();
        let schema = Self::collect(text, &mut problems);
        match schema {
            Err(error) => {
                problems.push(error);
                Err(problems)
            }
            Ok(schema) if problems.is_empty() => Ok(schema),
            Ok(_) => Err(problems),
        }
    }

    fn collect(text: &str, problems: &mut Vec<SchemaError>) -> Result<Self> {
        // PowerShell and some editors write a byte order mark, which is no JSON.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => return invalid("$", format!("not JSON: {error}")),
        };
        let mut canonical = Vec::new();
        write_value(&mut canonical, &value);
        let fingerprint = blake3::hash(&canonical).to_hex().to_string();
        let Value::Object(root) = value else {
            return invalid("$", "must be a JSON object");
        };
        let resources = match root.get("resources") {
            Some(Value::Array(items)) => resources(items, problems),
            Some(_) => return invalid("resources", "must be an array"),
            None => return invalid("resources", "is missing"),
        };
        let relations = match root.get("relations") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => relations(items, &resources, problems),
            Some(_) => return invalid("relations", "must be an array"),
        };
        let schema = Self { resources, relations, fingerprint };
        if problems.is_empty() {
            check_names(&schema)?;
        }
        Ok(schema)
    }
}

/// Resources and join stores share the change feed and the cursors, so their names must differ.
fn check_names(schema: &Schema) -> Result<()> {
    let mut names: HashSet<String> = schema.resources.iter().map(|resource| resource.name.clone()).collect();
    for store in schema.join_stores() {
        let name = store.name();
        if !names.insert(name.clone()) {
            return invalid(
                "relations",
                format!("two relations, or a relation and a resource, are kept in `{name}`"),
            );
        }
    }
    Ok(())
}

/// The value, or `None` and one problem more.
fn keep<T>(result: Result<T>, problems: &mut Vec<SchemaError>) -> Option<T> {
    result.map_err(|error| problems.push(error)).ok()
}

fn resources(items: &[Value], problems: &mut Vec<SchemaError>) -> Vec<Resource> {
    let mut found: Vec<Resource> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("resources[{index}]");
        let parsed = resource(item, &path, problems);
        let Some(resource) = keep(parsed, problems) else { continue };
        if found.iter().any(|other| other.name == resource.name) {
            let twice = format!("`{}` is there twice", resource.name);
            problems.push(SchemaError { message: twice, path: format!("{path}.name") });
        }
        found.push(resource);
    }
    found
}

fn resource(item: &Value, path: &str, problems: &mut Vec<SchemaError>) -> Result<Resource> {
    let item = object(item, path)?;
    let name = name(item, path)?;
    if name == GLOBAL_CURSOR {
        return invalid(format!("{path}.name"), format!("`{name}` is the name of the global cursor"));
    }
    let version = match item.get("version") {
        None | Some(Value::Null) => 1,
        Some(value) => match value.as_u64() {
            Some(version) => version,
            None => return invalid(format!("{path}.version"), "must be a non-negative integer"),
        },
    };
    // Every record has an id; a schema that lists it among the fields means that one.
    let fields =
        fields(item, "fields", path, problems)?.into_iter().filter(|field| field.name != "id").collect();
    Ok(Resource {
        version,
        is_remote_only: boolean(item, "isRemoteOnly", path)?,
        fields,
        storage: storage(item, &name, path)?,
        name,
    })
}

fn storage(item: &Map<String, Value>, name: &str, path: &str) -> Result<Storage> {
    let empty = Map::new();
    let path = format!("{path}.storage");
    let storage = match item.get("storage") {
        None | Some(Value::Null) => &empty,
        Some(value) => object(value, &path)?,
    };
    Ok(Storage {
        table: text(storage, "table", &path)?.unwrap_or_else(|| name.to_owned()),
        id: text(storage, "id", &path)?.unwrap_or_else(|| "id".to_owned()),
        id_format: match text(storage, "idFormat", &path)? {
            None => None,
            Some(template) => match template.split_once("{}") {
                Some((prefix, suffix)) if !suffix.contains("{}") => {
                    Some(IdFormat { prefix: prefix.to_owned(), suffix: suffix.to_owned() })
                }
                _ => return invalid(format!("{path}.idFormat"), "must have `{}` exactly once"),
            },
        },
        document: text(storage, "document", &path)?,
    })
}

fn fields(
    item: &Map<String, Value>,
    key: &str,
    path: &str,
    problems: &mut Vec<SchemaError>,
) -> Result<Vec<Field>> {
    let path = format!("{path}.{key}");
    let items = match item.get(key) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return invalid(path, "must be an array"),
    };
    let mut found: Vec<Field> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let Some(field) = keep(field(item, &path), problems) else { continue };
        if found.iter().any(|other| other.name == field.name) {
            let twice = format!("`{}` is there twice", field.name);
            problems.push(SchemaError { message: twice, path: format!("{path}.name") });
        }
        found.push(field);
    }
    Ok(found)
}

fn field(item: &Value, path: &str) -> Result<Field> {
    let item = object(item, path)?;
    Ok(Field {
        name: name(item, path)?,
        kind: match text(item, "type", path)? {
            Some(name) => Type::named(name),
            None => return invalid(format!("{path}.type"), "is missing"),
        },
        required: boolean(item, "required", path)?,
        nullable: boolean(item, "nullable", path)?,
        column: text(item, "column", path)?,
    })
}

impl Type {
    fn named(name: String) -> Self {
        match name.as_str() {
            "boolean" => Self::Boolean,
            "json" => Self::Json,
            "object" => Self::Object,
            "array" => Self::Array,
            "string" => Self::String,
            "number" => Self::Number,
            _ => Self::Other(name),
        }
    }
}

fn relations(items: &[Value], resources: &[Resource], problems: &mut Vec<SchemaError>) -> Vec<Relation> {
    let mut found = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let parsed = relation(item, resources, &format!("relations[{index}]"), problems);
        found.extend(keep(parsed, problems));
    }
    found
}

fn relation(
    item: &Value,
    resources: &[Resource],
    path: &str,
    problems: &mut Vec<SchemaError>,
) -> Result<Relation> {
    let item = object(item, path)?;
    let kind = match text(item, "type", path)?.as_deref() {
        Some("many-many") => RelationKind::ManyMany,
        Some("many-one") => RelationKind::ManyOne,
        Some("one-many") => RelationKind::OneMany,
        Some("one-one") => RelationKind::OneOne,
        Some(other) => return invalid(format!("{path}.type"), format!("`{other}` is no kind of relation")),
        None => return invalid(format!("{path}.type"), "is missing"),
    };
    let from = ends(item, "from", resources, path)?;
    let to = ends(item, "to", resources, path)?;
    let fk_field = text(item, "fkField", path)?;
    if let (Some(fk_field), RelationKind::ManyOne | RelationKind::OneOne) = (&fk_field, kind) {
        for name in &from {
            let resource = resources.iter().find(|resource| resource.name == *name);
            if resource.is_some_and(|resource| resource.field(fk_field).is_none()) {
                return invalid(format!("{path}.fkField"), format!("`{name}` has no field `{fk_field}`"));
            }
        }
    }
    let name = text(item, "relation", path)?.unwrap_or_else(|| DEFAULT_RELATION.to_owned());
    Ok(Relation {
        kind,
        inverse: text(item, "inverse", path)?,
        metadata: fields(item, "metadata", path, problems)?,
        storage: join_storage(item, &from, &name, &to, path)?,
        name,
        from,
        to,
        fk_field,
    })
}

/// Where the join rows lie; what it does not say is as in the default place (contract 1.1).
fn join_storage(
    item: &Map<String, Value>,
    from: &[String],
    name: &str,
    to: &[String],
    path: &str,
) -> Result<Option<JoinStorage>> {
    let path = format!("{path}.storage");
    let storage = match item.get("storage") {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => object(value, &path)?,
    };
    let ([from], [to]) = (from, to) else {
        return invalid(path, "is only for a relation between two single resources");
    };
    let default = JoinStorage::in_default_place(from, name, to);
    Ok(Some(JoinStorage {
        table: text(storage, "table", &path)?.unwrap_or(default.table),
        from: text(storage, "from", &path)?.unwrap_or(default.from),
        to: text(storage, "to", &path)?.unwrap_or(default.to),
    }))
}

/// `from` or `to`: one name or an array of names, each of a resource.
fn ends(item: &Map<String, Value>, key: &str, resources: &[Resource], path: &str) -> Result<Vec<String>> {
    let path = format!("{path}.{key}");
    let names = match item.get(key) {
        None | Some(Value::Null) => return invalid(path, "is missing"),
        Some(Value::String(name)) => vec![name.clone()],
        Some(Value::Array(items)) if !items.is_empty() => {
            let mut names = Vec::with_capacity(items.len());
            for item in items {
                match item {
                    Value::String(name) => names.push(name.clone()),
                    _ => return invalid(path, "must hold names of resources"),
                }
            }
            names
        }
        Some(_) => return invalid(path, "must be the name of a resource, or an array of names"),
    };
    match names.iter().find(|name| resources.iter().all(|resource| resource.name != **name)) {
        Some(unknown) => invalid(path, format!("there is no resource `{unknown}`")),
        None => Ok(names),
    }
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>> {
    match value {
        Value::Object(object) => Ok(object),
        _ => invalid(path, "must be a JSON object"),
    }
}

fn name(item: &Map<String, Value>, path: &str) -> Result<String> {
    match text(item, "name", path)? {
        Some(name) => Ok(name),
        None => invalid(format!("{path}.name"), "is missing"),
    }
}

/// A string that is not empty, if the key is there.
fn text(item: &Map<String, Value>, key: &str, path: &str) -> Result<Option<String>> {
    match item.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => invalid(format!("{path}.{key}"), "must be a string that is not empty"),
    }
}

fn boolean(item: &Map<String, Value>, key: &str, path: &str) -> Result<bool> {
    match item.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => invalid(format!("{path}.{key}"), "must be true or false"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_contract() {
        let schema = Schema::parse(
            r#"{"resources": [{"name": "a", "future": 1}, {"name": "b", "version": 3, "isRemoteOnly": true,
                    "fields": [{"name": "id", "type": "string"}, {"name": "x", "type": "date", "column": "y"}]}],
                "relations": [{"type": "many-many", "from": ["a", "b"], "to": "b"}]}"#,
        )
        .unwrap();
        let [a, b] = schema.resources.as_slice() else { panic!("two resources") };
        assert_eq!(
            (a.version, a.is_remote_only, a.storage.table.as_str(), a.storage.id.as_str()),
            (1, false, "a", "id")
        );
        assert_eq!((b.version, b.is_remote_only, b.fields.len()), (3, true, 1));
        assert_eq!(b.fields[0].column(), "y");
        let names: Vec<_> = schema.join_stores().iter().map(JoinStore::name).collect();
        assert_eq!(names, ["join_a_rel_b", "join_b_rel_b"]);
    }

    use super::super::JoinStore;

    #[test]
    fn what_a_join_storage_does_not_say_is_as_in_the_default_place() {
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
    fn every_problem_has_its_path() {
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
            (with_relation(r#"{"type":"many"}"#), "relations[0].type"),
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
                "relations",
            ),
        ];
        for (text, path) in cases {
            assert_eq!(Schema::parse(&text).unwrap_err().path, path, "{text}");
        }
    }

    #[test]
    fn all_problems_are_told_in_their_order() {
        let text = r#"{"resources": [{"fields": []}, {"name": "a", "fields": [{"name": "x"}, {"type": "string"}]}, {"name": "a"}],
            "relations": [{"type": "x"}, {"type": "many-one", "from": "a", "to": "b"}]}"#;
        let paths: Vec<_> =
            Schema::parse_all(text).unwrap_err().into_iter().map(|error| error.path).collect();
        let expected = [
            "resources[0].name",
            "resources[1].fields[0].type",
            "resources[1].fields[1].name",
            "resources[2].name",
            "relations[0].type",
            "relations[1].to",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn an_id_format_goes_both_ways() {
        let text = r#"{"resources":[{"name":"a","storage":{"idFormat":"track:{}!"}}]}"#;
        let schema = Schema::parse(text).unwrap();
        let format = schema.resources[0].storage.id_format.as_ref().unwrap();
        assert_eq!(format.id("7"), "track:7!");
        assert_eq!(format.key("track:7!"), Some("7"));
        assert_eq!(format.key("album:7!"), None);
    }
}
