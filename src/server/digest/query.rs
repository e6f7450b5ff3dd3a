//! Reads the body of a comparison.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::mutation::digest::MAX_BITS;
use crate::protocol::{ErrorBody, code};
use crate::schema::Schema;
use crate::server::dfql::{invalid, unknown_resource};
use crate::server::request::object;

type Result<T> = std::result::Result<T, ErrorBody>;

/// Buckets of all tables of a request, at most: their digests take 16 MiB.
const MAX_BUCKETS: usize = 1 << 20;

/// What a comparison asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) enum DigestQuery {
    /// The digests of all buckets of some tables.
    Tables { bits: u8, tables: Vec<TableQuery> },
    /// The content digests of all items in some buckets of a table.
    Buckets { bits: u8, table: TableQuery, buckets: Vec<usize> },
}

/// A table that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct TableQuery {
    /// The name of a resource or join store.
    pub(in crate::server) name: String,
    pub(in crate::server) is_join_store: bool,
    /// The fields that count.
    pub(in crate::server) fields: BTreeSet<String>,
}

impl DigestQuery {
    /// Reads a body.
    ///
    /// # Errors
    /// `DFQL_INVALID`, `DFQL_UNKNOWN_RESOURCE`, `DFQL_UNKNOWN_FIELD`, and `LIMIT_EXCEEDED` for too many
    /// buckets, each with the path of the fault.
    pub(in crate::server) fn parse(body: &[u8], schema: &Schema) -> Result<Self> {
        let (_, request) = object(body)?;
        let bits = request.get("bits").and_then(Value::as_u64).and_then(|bits| u8::try_from(bits).ok());
        let bits = bits.filter(|bits| *bits <= MAX_BITS);
        let bits = bits.ok_or_else(|| invalid("bits", "must be an integer from 0 to 16"))?;
        match request.get("tables") {
            Some(Value::Array(tables)) => Self::tables(bits, tables, schema),
            None if request.contains_key("name") => {
                let table = table(&request, schema, "")?;
                Ok(Self::Buckets { bits, table, buckets: buckets(&request, bits)? })
            }
            _ => Err(invalid("tables", "must be array")),
        }
    }

    fn tables(bits: u8, tables: &[Value], schema: &Schema) -> Result<Self> {
        if tables.len() << bits > MAX_BUCKETS {
            let message = format!("at most {MAX_BUCKETS} buckets in one request");
            return Err(ErrorBody::new(code::LIMIT_EXCEEDED, message, "tables"));
        }
        let mut read = Vec::with_capacity(tables.len());
        for (index, value) in tables.iter().enumerate() {
            let path = format!("tables[{index}]");
            let Value::Object(members) = value else { return Err(invalid(path, "must be object")) };
            let table = table(members, schema, &format!("{path}."))?;
            if read.iter().any(|other: &TableQuery| other.name == table.name) {
                return Err(invalid(format!("{path}.name"), "is repeated"));
            }
            read.push(table);
        }
        Ok(Self::Tables { bits, tables: read })
    }
}

/// Reads the members `name` and `fields`; their paths begin with `path`.
fn table(members: &Map<String, Value>, schema: &Schema, path: &str) -> Result<TableQuery> {
    let name_path = format!("{path}name");
    let Some(name) = members.get("name").and_then(Value::as_str) else {
        return Err(invalid(name_path, "must be string"));
    };
    let (is_join_store, known) = match schema.resource(name) {
        Some(resource) if resource.is_remote_only => return Err(invalid(name_path, "is remote-only")),
        Some(resource) => (false, &resource.fields),
        None => match schema.join_stores().into_iter().find(|store| store.name() == name) {
            Some(store) => (true, &store.relation.metadata),
            None => return Err(unknown_resource(name, name_path)),
        },
    };
    let known: BTreeSet<_> = known.iter().map(|field| field.name.clone()).collect();
    let fields = match members.get("fields") {
        None | Some(Value::Null) => known,
        Some(fields) => chosen_fields(fields, &known, &format!("{path}fields"))?,
    };
    Ok(TableQuery { name: name.to_owned(), is_join_store, fields })
}

fn chosen_fields(fields: &Value, known: &BTreeSet<String>, path: &str) -> Result<BTreeSet<String>> {
    let fields = fields.as_array().ok_or_else(|| invalid(path, "must be array of strings"))?;
    let names = fields.iter().enumerate().map(|(index, field)| {
        let path = format!("{path}[{index}]");
        let Value::String(name) = field else { return Err(invalid(path, "must be string")) };
        if !known.contains(name) {
            return Err(ErrorBody::new(code::DFQL_UNKNOWN_FIELD, format!("Unknown field: {name}"), path));
        }
        Ok(name.clone())
    });
    names.collect()
}

fn buckets(request: &Map<String, Value>, bits: u8) -> Result<Vec<usize>> {
    let Some(Value::Array(numbers)) = request.get("buckets") else {
        return Err(invalid("buckets", "must be array"));
    };
    if numbers.is_empty() {
        return Err(invalid("buckets", "must not be empty"));
    }
    let mut is_given = vec![false; 1 << bits];
    let buckets = numbers.iter().enumerate().map(|(index, number)| {
        let path = || format!("buckets[{index}]");
        let bucket = number.as_u64().and_then(|number| usize::try_from(number).ok());
        let given = bucket.and_then(|bucket| is_given.get_mut(bucket));
        let given = given.ok_or_else(|| invalid(path(), "must be the number of a bucket"))?;
        if std::mem::replace(given, true) {
            return Err(invalid(path(), "is repeated"));
        }
        Ok(bucket.unwrap_or_default())
    });
    buckets.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(mut request: Value) -> Result<DigestQuery> {
        let schema = r#"{"resources": [{"name": "todos", "fields": [{"name": "title", "type": "string"}]},
                {"name": "tags", "fields": []}, {"name": "audit", "isRemoteOnly": true, "fields": []}],
            "relations": [{"type": "many-many", "from": "todos", "to": "tags", "relation": "tags",
                "metadata": [{"name": "order", "type": "number"}]}]}"#;
        request["clientId"] = json!("C");
        DigestQuery::parse(request.to_string().as_bytes(), &Schema::parse(schema).unwrap())
    }

    #[test]
    fn names_the_place_of_every_fault() {
        for (request, code, path) in [
            (json!({}), code::DFQL_INVALID, "bits"),
            (json!({"bits": 17, "tables": []}), code::DFQL_INVALID, "bits"),
            (json!({"bits": -1, "tables": []}), code::DFQL_INVALID, "bits"),
            (json!({"bits": 1.5, "tables": []}), code::DFQL_INVALID, "bits"),
            (json!({"bits": 4}), code::DFQL_INVALID, "tables"),
            (json!({"bits": 4, "tables": {}}), code::DFQL_INVALID, "tables"),
            (json!({"bits": 4, "tables": [1]}), code::DFQL_INVALID, "tables[0]"),
            (json!({"bits": 4, "tables": [{}]}), code::DFQL_INVALID, "tables[0].name"),
            (json!({"bits": 4, "tables": [{"name": "no"}]}), code::DFQL_UNKNOWN_RESOURCE, "tables[0].name"),
            (json!({"bits": 4, "tables": [{"name": "audit"}]}), code::DFQL_INVALID, "tables[0].name"),
            (
                json!({"bits": 4, "tables": [{"name": "tags"}, {"name": "tags"}]}),
                code::DFQL_INVALID,
                "tables[1].name",
            ),
            (
                json!({"bits": 4, "tables": [{"name": "todos", "fields": ["title", "no"]}]}),
                code::DFQL_UNKNOWN_FIELD,
                "tables[0].fields[1]",
            ),
            (
                json!({"bits": 4, "tables": [{"name": "todos", "fields": "title"}]}),
                code::DFQL_INVALID,
                "tables[0].fields",
            ),
            (json!({"bits": 4, "name": "no", "buckets": [1]}), code::DFQL_UNKNOWN_RESOURCE, "name"),
            (json!({"bits": 4, "name": "tags"}), code::DFQL_INVALID, "buckets"),
            (json!({"bits": 4, "name": "tags", "buckets": []}), code::DFQL_INVALID, "buckets"),
            (json!({"bits": 4, "name": "tags", "buckets": [0, 16]}), code::DFQL_INVALID, "buckets[1]"),
            (json!({"bits": 4, "name": "tags", "buckets": ["1"]}), code::DFQL_INVALID, "buckets[0]"),
            (json!({"bits": 4, "name": "tags", "buckets": [1, 1]}), code::DFQL_INVALID, "buckets[1]"),
        ] {
            let error = parse(request.clone()).unwrap_err();
            assert_eq!((error.code.as_str(), error.path.as_str()), (code, path), "{request}");
        }
        let many = json!({"bits": 16, "tables": vec![json!({"name": "tags"}); 17]});
        assert_eq!(parse(many).unwrap_err().code, code::LIMIT_EXCEEDED);
    }

    #[test]
    fn without_fields_all_of_the_schema_count() {
        let fields = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let tables =
            json!([{"name": "todos"}, {"name": "join_todos_tags_tags"}, {"name": "tags", "fields": []}]);
        let Ok(DigestQuery::Tables { bits: 4, tables }) = parse(json!({"bits": 4, "tables": tables})) else {
            panic!("not tables")
        };
        let read: Vec<_> = tables.iter().map(|table| (table.is_join_store, table.fields.clone())).collect();
        assert_eq!(read, [(false, fields(&["title"])), (true, fields(&["order"])), (false, fields(&[]))]);
    }
}
