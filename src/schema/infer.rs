//! A schema for a database that was not made for synctool: what its tables, keys and values
//! suggest. A pure function of [`TableFacts`], so the same database gives the same schema.

use serde::Serialize;

use super::facts::{ColumnFacts, ForeignKey, TableFacts};

/// An inferred schema, in the order in which a person reads it.
#[derive(Debug, Serialize)]
pub struct Inferred {
    resources: Vec<InferredResource>,
    relations: Vec<InferredRelation>,
    /// What was guessed and what was left out, a sentence each; not part of the schema.
    #[serde(skip)]
    pub notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct InferredResource {
    name: String,
    version: u64,
    storage: InferredStorage,
    fields: Vec<InferredField>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InferredStorage {
    table: String,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
}

#[derive(Debug, Serialize)]
struct InferredField {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    required: bool,
    #[serde(skip_serializing_if = "is_false")]
    nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InferredRelation {
    #[serde(rename = "type")]
    kind: &'static str,
    from: String,
    to: String,
    relation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fk_field: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metadata: Vec<InferredField>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage: Option<InferredJoin>,
}

#[derive(Debug, Serialize)]
struct InferredJoin {
    table: String,
    from: String,
    to: String,
}

/// What PowerSync's own tables of data begin with.
const POWERSYNC_DATA: &str = "ps_data__";

/// Columns in which WatermelonDB keeps its own state.
const WATERMELON: [&str; 2] = ["_status", "_changed"];

/// Tables that tools keep for themselves, by the beginnings of their names.
const INTERNAL: [&str; 6] =
    ["sqlite_", "__datafn_", "ps_", "android_metadata", "room_master_table", "local_storage"];

/// Infers a schema; `documents` gives the facts about the keys of a table's documents.
#[must_use]
pub fn infer(tables: &[TableFacts], documents: impl Fn(&str) -> Vec<ColumnFacts>) -> Inferred {
    let mut inferred = Inferred { resources: Vec::new(), relations: Vec::new(), notes: Vec::new() };
    let mut links = Vec::new();
    for table in tables {
        if let Some(name) = table.name.strip_prefix(POWERSYNC_DATA) {
            inferred.notes.push(format!("`{}` is a PowerSync table: its documents are `{name}`", table.name));
            let resource = document_resource(table, name, &documents(&table.name));
            inferred.resources.push(resource);
        } else if INTERNAL.iter().any(|prefix| table.name.starts_with(prefix)) {
            inferred.notes.push(format!("`{}` was left out: a tool keeps it for itself", table.name));
        } else if default_join_parts(table, tables).is_some() || link_ends(table, tables).is_some() {
            links.push(table);
        } else {
            match resource(table) {
                Ok(resource) => inferred.add_resource(table, resource),
                Err(why) => inferred.notes.push(format!("`{}` was left out: {why}", table.name)),
            }
        }
    }
    inferred.add_references(tables);
    for table in links {
        inferred.add_link(table, tables);
    }
    inferred
}

impl Inferred {
    fn add_resource(&mut self, table: &TableFacts, resource: InferredResource) {
        if WATERMELON.iter().all(|name| table.column(name).is_some()) {
            let own = WATERMELON.join("` and `");
            self.notes
                .push(format!("`{}` is a WatermelonDB table: `{own}` stay on this machine", table.name));
        }
        if let Some(format) = &resource.storage.id_format {
            let (name, column) = (&resource.name, &resource.storage.id);
            self.notes.push(format!("the ids of `{name}` are made of `{column}` as {format}"));
        }
        self.resources.push(resource);
    }

    fn resource_of(&self, table: &str) -> Option<&InferredResource> {
        self.resources.iter().find(|resource| resource.storage.table.eq_ignore_ascii_case(table))
    }

    /// Many-one relations, from foreign keys of one column to a primary key.
    fn add_references(&mut self, tables: &[TableFacts]) {
        for table in tables {
            for key in &table.foreign_keys {
                let Some(relation) = self.reference(table, key, tables) else { continue };
                let taken = |name: &str| {
                    self.relations.iter().any(|other| other.from == relation.from && other.relation == name)
                };
                let is_taken = taken(&relation.relation);
                let fk_field = relation.fk_field.clone().unwrap_or_default();
                // The column is unique among the names where its stem is not.
                let name = if is_taken { fk_field.clone() } else { relation.relation.clone() };
                let from = relation.from.clone();
                self.relations.push(InferredRelation { relation: name, ..relation });
                self.make_reference(&from, &fk_field);
            }
        }
    }

    fn reference(
        &self,
        table: &TableFacts,
        key: &ForeignKey,
        tables: &[TableFacts],
    ) -> Option<InferredRelation> {
        let from = self.resource_of(&table.name)?;
        let to = self.resource_of(&key.table)?;
        let [column] = key.columns.as_slice() else { return None };
        let field = from
            .fields
            .iter()
            .find(|field| field.column.as_deref().unwrap_or(&field.name).eq_ignore_ascii_case(column))?;
        let target = tables.iter().find(|other| other.name.eq_ignore_ascii_case(&key.table))?;
        refers_to_key(key, target).then(|| InferredRelation {
            kind: "many-one",
            from: from.name.clone(),
            to: to.name.clone(),
            relation: stem(&field.name),
            fk_field: Some(field.name.clone()),
            metadata: Vec::new(),
            storage: None,
        })
    }

    /// A field that refers holds an id, which is a string whatever the column holds.
    fn make_reference(&mut self, resource: &str, field: &str) {
        let resource = self.resources.iter_mut().find(|other| other.name == resource);
        let field =
            resource.and_then(|resource| resource.fields.iter_mut().find(|other| other.name == field));
        if let Some(field) = field {
            field.kind = "string";
        }
    }

    /// A many-many relation, from a table whose primary key is two foreign keys.
    fn add_link(&mut self, table: &TableFacts, tables: &[TableFacts]) {
        if let Some((from, name, to)) = default_join_parts(table, tables) {
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
            self.notes.push(format!("`{}` was left out: it links a table that is left out", table.name));
            return;
        };
        let (from, to) = (from.name.clone(), to.name.clone());
        let is_taken =
            |name: &str| self.relations.iter().any(|other| other.from == from && other.relation == name);
        let relation = if is_taken(&to) { table.name.clone() } else { to.clone() };
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
        return Err("its key holds something other than integers and text");
    }
    if !id.name.eq_ignore_ascii_case("id") && table.column("id").is_some() {
        return Err("its column `id` is not its primary key");
    }
    // An empty table shows no values; then the declaration decides.
    let is_text = if id.has_text || id.has_integer { !id.has_integer } else { is_declared_text(id) };
    Ok(InferredResource {
        name: table.name.clone(),
        version: 1,
        storage: InferredStorage {
            table: table.name.clone(),
            id: id.name.clone(),
            id_format: (!is_text).then(|| format!("{}:{{}}", table.name)),
            document: None,
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
        },
        fields: keys.iter().filter(|key| key.name != "id").map(field).collect(),
    }
}

fn fields(table: &TableFacts, is_left_out: impl Fn(&ColumnFacts) -> bool) -> Vec<InferredField> {
    let is_watermelon = WATERMELON.iter().all(|name| table.column(name).is_some());
    let is_own = |column: &ColumnFacts| is_watermelon && WATERMELON.contains(&column.name.as_str());
    table.columns.iter().filter(|column| !is_left_out(column) && !is_own(column)).map(field).collect()
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

/// The type that the declaration says, where no value contradicts it.
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

/// The two foreign keys that make the primary key of a link table, in its order.
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

/// `from`, relation and `to` of a table in the default place of join rows.
fn default_join_parts(table: &TableFacts, tables: &[TableFacts]) -> Option<(String, String, String)> {
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

/// The relation's name: the field's without its ending for keys.
fn stem(field: &str) -> String {
    let stem = ["_id", "Id", "ID", "_ID"].iter().find_map(|ending| field.strip_suffix(ending));
    match stem.filter(|stem| !stem.is_empty()) {
        Some(stem) => {
            let mut letters = stem.chars();
            letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
        }
        None => field.to_owned(),
    }
}
