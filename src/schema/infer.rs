//! Inference of a schema for a database that was not made for synctool, from its tables, keys and
//! values. A pure function of [`TableFacts`]: the same database gives the same schema.
//!
//! The facts are collected by [`crate::offline`]; the result is an [`Inferred`].

use super::infer_deleted::{self, WATERMELON, deleted_when, is_watermelon};
use super::inferred::{
    Inferred, InferredField, InferredJoin, InferredRelation, InferredResource, InferredStorage,
};
use super::table_facts::{ColumnFacts, ForeignKey, TableFacts};

/// The prefix of the tables in which PowerSync stores its documents.
const POWERSYNC_DATA: &str = "ps_data__";

/// The prefixes of the names of tools' internal tables.
const INTERNAL: [&str; 6] =
    ["sqlite_", "__datafn_", "ps_", "android_metadata", "room_master_table", "local_storage"];

/// Infers a schema from the facts about a database's tables.
///
/// `documents` returns the facts about the keys of the JSON documents in the table of that name; it
/// is called for PowerSync's tables only.
#[must_use]
pub fn infer(tables: &[TableFacts], documents: impl Fn(&str) -> Vec<ColumnFacts>) -> Inferred {
    let mut inferred = Inferred { resources: Vec::new(), relations: Vec::new(), notes: Vec::new() };
    let mut links = Vec::new();
    for table in tables {
        if let Some(name) = table.name.strip_prefix(POWERSYNC_DATA) {
            inferred.notes.push(format!(
                "`{}` is a PowerSync table: its documents become the resource `{name}`",
                table.name
            ));
            let resource = document_resource(table, name, &documents(&table.name));
            inferred.resources.push(resource);
        } else if INTERNAL.iter().any(|prefix| table.name.starts_with(prefix)) {
            inferred.notes.push(format!("`{}` is skipped: it is an internal table of a tool", table.name));
        } else if default_join_names(table, tables).is_some() || link_ends(table, tables).is_some() {
            links.push(table);
        } else {
            match resource(table) {
                Ok(resource) => inferred.add_resource(table, resource),
                Err(why) => inferred.notes.push(format!("`{}` is skipped: {why}", table.name)),
            }
        }
    }
    inferred.add_references(tables);
    for table in links {
        inferred.add_link(table, tables);
    }
    inferred
}

/// A foreign key between two resources.
struct Reference {
    /// The name of the referring resource.
    from: String,
    /// The name of its field that holds the target's id.
    field: String,
    /// The name of the resource that it refers to.
    to: String,
}

impl Inferred {
    fn add_resource(&mut self, table: &TableFacts, resource: InferredResource) {
        self.notes.extend(infer_deleted::note(table));
        if is_watermelon(table) {
            let own = WATERMELON.join("` and `");
            self.notes.push(format!(
                "`{}` is a WatermelonDB table: its columns `{own}` are not uploaded, and rows whose `_status` is `deleted` are uploaded as deletes",
                table.name
            ));
        }
        if let Some(format) = &resource.storage.id_format {
            let (name, column) = (&resource.name, &resource.storage.id);
            self.notes.push(format!(
                "the ids of `{name}` are made from column `{column}` with the template {format}"
            ));
        }
        self.resources.push(resource);
    }

    /// The resource whose records are in the table of that name.
    fn resource_of(&self, table: &str) -> Option<&InferredResource> {
        self.resources.iter().find(|resource| resource.storage.table.eq_ignore_ascii_case(table))
    }

    /// Whether `from` has a relation of that name.
    fn has_relation(&self, from: &str, name: &str) -> bool {
        self.relations.iter().any(|relation| relation.from == from && relation.relation == name)
    }

    /// Adds a many-one relation for each foreign key of one column that refers to a primary key.
    fn add_references(&mut self, tables: &[TableFacts]) {
        for table in tables {
            for key in &table.foreign_keys {
                if let Some(reference) = self.reference(table, key, tables) {
                    self.add_reference(reference);
                }
            }
        }
    }

    fn reference(&self, table: &TableFacts, key: &ForeignKey, tables: &[TableFacts]) -> Option<Reference> {
        let from = self.resource_of(&table.name)?;
        let to = self.resource_of(&key.table)?;
        let [column] = key.columns.as_slice() else { return None };
        let field = from
            .fields
            .iter()
            .find(|field| field.column.as_deref().unwrap_or(&field.name).eq_ignore_ascii_case(column))?;
        let target = tables.iter().find(|other| other.name.eq_ignore_ascii_case(&key.table))?;
        refers_to_key(key, target).then(|| Reference {
            from: from.name.clone(),
            field: field.name.clone(),
            to: to.name.clone(),
        })
    }

    fn add_reference(&mut self, Reference { from, field, to }: Reference) {
        let stem = stem(&field);
        // Two fields may have the same stem, but never the same name.
        let relation = if self.has_relation(&from, &stem) { field.clone() } else { stem };
        self.declare_string(&from, &field);
        self.relations.push(InferredRelation {
            kind: "many-one",
            from,
            to,
            relation,
            fk_field: Some(field),
            metadata: Vec::new(),
            storage: None,
        });
    }

    /// Declares a referring field as a string: it holds an id, whatever the type of its column is.
    fn declare_string(&mut self, resource: &str, field: &str) {
        let resource = self.resources.iter_mut().find(|other| other.name == resource);
        let field =
            resource.and_then(|resource| resource.fields.iter_mut().find(|other| other.name == field));
        if let Some(field) = field {
            field.kind = "string";
        }
    }

    /// Adds a many-many relation, from a table in the default layout of join rows or one whose
    /// primary key is two foreign keys.
    fn add_link(&mut self, table: &TableFacts, tables: &[TableFacts]) {
        if let Some((from, name, to)) = default_join_names(table, tables) {
            let ends = ["from", "to"];
            let metadata = fields(table, |column| ends.contains(&column.name.as_str()));
            self.relations.push(InferredRelation {
                kind: "many-many",
                from,
                to,
                relation: name,
                fk_field: None,
                metadata,
                storage: None,
            });
            return;
        }
        let Some([first, second]) = link_ends(table, tables) else { return };
        let (Some(from), Some(to)) = (self.resource_of(&first.table), self.resource_of(&second.table)) else {
            self.notes.push(format!("`{}` is skipped: it links a table that is skipped", table.name));
            return;
        };
        let (from, to) = (from.name.clone(), to.name.clone());
        let relation = if self.has_relation(&from, &to) { table.name.clone() } else { to.clone() };
        let ends = [&first.columns[0], &second.columns[0]];
        self.notes
            .push(format!("`{}` links `{from}` to `{to}`: the many-many relation `{relation}`", table.name));
        self.relations.push(InferredRelation {
            kind: "many-many",
            from,
            to,
            relation,
            fk_field: None,
            metadata: fields(table, |column| ends.iter().any(|end| end.eq_ignore_ascii_case(&column.name))),
            storage: Some(InferredJoin {
                table: table.name.clone(),
                from: ends[0].clone(),
                to: ends[1].clone(),
            }),
        });
    }
}

fn resource(table: &TableFacts) -> Result<InferredResource, &'static str> {
    let key = table.primary_key();
    let id = match key.as_slice() {
        [id] => *id,
        [] => table.column("id").ok_or("it has no primary key and no column `id`")?,
        _ => return Err("its primary key has several columns"),
    };
    if id.has_blob || id.has_real || (id.has_null && !id.is_not_null) {
        return Err("its key contains values other than integers and text");
    }
    if !id.name.eq_ignore_ascii_case("id") && table.column("id").is_some() {
        return Err("its column `id` is not its primary key");
    }
    // An empty table has no values, so its declaration decides.
    let is_text = if id.has_text || id.has_integer { !id.has_integer } else { is_declared_text(id) };
    Ok(InferredResource {
        name: table.name.clone(),
        version: 1,
        storage: InferredStorage {
            table: table.name.clone(),
            id: id.name.clone(),
            id_format: (!is_text).then(|| format!("{}:{{}}", table.name)),
            document: None,
            deleted_when: deleted_when(table),
        },
        fields: fields(table, |column| column.name == id.name),
    })
}

fn document_resource(table: &TableFacts, name: &str, keys: &[ColumnFacts]) -> InferredResource {
    InferredResource {
        name: name.to_owned(),
        version: 1,
        storage: InferredStorage {
            table: table.name.clone(),
            id: "id".to_owned(),
            id_format: None,
            document: Some("data".to_owned()),
            deleted_when: None,
        },
        fields: keys.iter().filter(|key| key.name != "id").map(field).collect(),
    }
}

fn fields(table: &TableFacts, is_skipped: impl Fn(&ColumnFacts) -> bool) -> Vec<InferredField> {
    let is_own = |column: &ColumnFacts| {
        is_watermelon(table) && WATERMELON.iter().any(|name| name.eq_ignore_ascii_case(&column.name))
    };
    table.columns.iter().filter(|column| !is_skipped(column) && !is_own(column)).map(field).collect()
}

fn field(column: &ColumnFacts) -> InferredField {
    InferredField {
        name: column.name.clone(),
        kind: kind(column),
        required: column.is_not_null,
        nullable: !column.is_not_null,
        column: None,
    }
}

/// The declared type if no value contradicts it, else a type that fits all values.
fn kind(column: &ColumnFacts) -> &'static str {
    let declared = |parts: &[&str]| parts.iter().any(|part| column.declared.contains(part));
    let has_number = column.has_integer || column.has_real;
    let kinds = [has_number, column.has_text, column.has_blob];
    if kinds.iter().filter(|has| **has).count() > 1 {
        return "any";
    }
    if column.has_blob {
        return "blob";
    }
    if column.has_text {
        return match () {
            () if !column.has_plain_text => "json",
            () if declared(&["DATE", "TIME"]) => "date",
            () => "string",
        };
    }
    if has_number {
        return match () {
            () if declared(&["BOOL"]) && !column.has_large_integer && !column.has_real => "boolean",
            () if declared(&["DATE", "TIME"]) => "date",
            () => "number",
        };
    }
    match () {
        () if declared(&["BOOL"]) => "boolean",
        () if declared(&["DATE", "TIME"]) => "date",
        () if declared(&["JSON"]) => "json",
        () if is_declared_text(column) => "string",
        () if declared(&["INT", "REAL", "FLOA", "DOUB", "NUM", "DEC"]) => "number",
        () if declared(&["BLOB"]) => "blob",
        () => "any",
    }
}

fn is_declared_text(column: &ColumnFacts) -> bool {
    ["CHAR", "CLOB", "TEXT"].iter().any(|part| column.declared.contains(part))
}

/// Whether a foreign key refers to the one column of its target's primary key.
fn refers_to_key(key: &ForeignKey, target: &TableFacts) -> bool {
    let primary = target.primary_key();
    match (key.targets.as_slice(), primary.as_slice()) {
        ([], [_]) => true,
        ([column], [id]) => column.eq_ignore_ascii_case(&id.name),
        _ => false,
    }
}

/// The two foreign keys that are the primary key of a link table, in the order of the key.
fn link_ends<'t>(table: &'t TableFacts, tables: &[TableFacts]) -> Option<[&'t ForeignKey; 2]> {
    let key = table.primary_key();
    let [first, second] = key.as_slice() else { return None };
    let end = |column: &ColumnFacts| {
        table.foreign_keys.iter().find(|key| {
            let target = tables.iter().find(|other| other.name.eq_ignore_ascii_case(&key.table));
            matches!(key.columns.as_slice(), [only] if only.eq_ignore_ascii_case(&column.name))
                && target.is_some_and(|target| refers_to_key(key, target))
        })
    };
    Some([end(first)?, end(second)?])
}

/// `from`, relation and `to` in the name of a table in the default layout of join rows.
fn default_join_names(table: &TableFacts, tables: &[TableFacts]) -> Option<(String, String, String)> {
    let rest = table.name.strip_prefix("join_")?;
    table.column("from").zip(table.column("to"))?;
    let names = || tables.iter().map(|other| other.name.as_str());
    names().find_map(|from| {
        let rest = rest.strip_prefix(from)?.strip_prefix('_')?;
        names().find_map(|to| {
            let relation = rest.strip_suffix(to)?.strip_suffix('_')?;
            (!relation.is_empty()).then(|| (from.to_owned(), relation.to_owned(), to.to_owned()))
        })
    })
}

/// The name of a relation: the field's name without its suffix for keys.
fn stem(field: &str) -> String {
    let stem = ["_id", "Id", "ID", "_ID"].iter().find_map(|suffix| field.strip_suffix(suffix));
    let Some(mut letters) = stem.map(str::chars) else { return field.to_owned() };
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => field.to_owned(),
    }
}
