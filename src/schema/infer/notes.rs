//! The notes about an inferred schema: each guess, and each table and column that is left out, with what
//! to write into the schema instead. One sentence each, for a person. What they are about is decided by
//! the callers.

use std::collections::BTreeMap;

use serde_json::json;

use super::deleted::WATERMELON;
use super::key::{Key, Source};
use super::kind::{is_all_json, is_inexact_json, kind};
use super::names::template;
use super::tool_tables::POWERSYNC_LOCAL;
use crate::schema::inferred::InferredResource;
use crate::schema::table_facts::{ColumnFacts, DocumentFacts, OtherKind, OtherTable, TableFacts};

/// Maximum number of names that a note lists.
const MAX_NAMES: usize = 20;

/// Why a view or virtual table is left out: the rest of a sentence that begins with its name.
#[must_use]
pub fn other_note(kind: &OtherKind) -> String {
    match kind {
        OtherKind::View => "it is a view".to_owned(),
        OtherKind::Virtual { module } => format!("it is a virtual table (`{module}`)"),
        OtherKind::Shadow { of } => format!("the virtual table `{of}` keeps its data in it"),
    }
}

/// The note that entries wait in PowerSync's upload queue; `None` when none does.
#[must_use]
pub fn queue_note(queued: &BTreeMap<String, u64>) -> Option<String> {
    if queued.is_empty() {
        return None;
    }
    let counts: Vec<_> = queued.iter().map(|(operation, count)| format!("{count} {operation}")).collect();
    Some(format!(
        "PowerSync has not uploaded all changes yet: `ps_crud` holds {}; records are uploaded as they are now, but \
         deletes that wait there are not, and `ps_crud` stays as it is",
        counts.join(", ")
    ))
}

/// The notes about views and virtual tables; a virtual table's note names its shadow tables.
pub(super) fn of_others(others: &[OtherTable]) -> Vec<String> {
    let mut shadows: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for other in others {
        if let OtherKind::Shadow { of } = &other.kind {
            shadows.entry(of).or_default().push(&other.name);
        }
    }
    let mut notes = Vec::new();
    for other in others {
        let (name, why) = (&other.name, other_note(&other.kind));
        match &other.kind {
            OtherKind::View => notes.push(format!(
                "`{name}` is left out: {why}; to upload its rows, add a resource with {} and its fields",
                json!({"storage": {"table": name, "id": "…"}})
            )),
            OtherKind::Virtual { .. } => {
                let own = shadows.remove(name.as_str()).unwrap_or_default();
                let own = if own.is_empty() {
                    String::new()
                } else {
                    format!(", and so is what it keeps in {}", list(&own))
                };
                notes.push(format!(
                    "`{name}` is left out: {why}{own}; if its rows are nowhere else, add a resource with {} and its fields",
                    json!({"storage": {"table": name, "id": "rowid", "idFormat": template(name)}})
                ));
            }
            OtherKind::Shadow { .. } => {}
        }
    }
    let alone = shadows.into_values().flatten();
    notes.extend(alone.map(|name| format!("`{name}` is left out: a virtual table keeps its data in it")));
    notes
}

/// The note about a table of a tool, such as PowerSync.
pub(super) fn tool_table(table: &str, tool: &str) -> String {
    let local = table.strip_prefix(POWERSYNC_LOCAL).map(|name| {
        let resource = json!({"name": name, "storage": {"table": table, "document": "data"}});
        format!("; to upload its documents, add the resource {resource} with its fields")
    });
    format!("`{table}` is left out: it is a table of {tool}{}", local.unwrap_or_default())
}

/// The note about a table of WatermelonDB.
pub(super) fn watermelon(table: &str) -> String {
    let own = WATERMELON.join("` and `");
    format!(
        "`{table}` is a WatermelonDB table: its columns `{own}` are not uploaded, and rows whose `_status` is `deleted` are \
         uploaded as deletes"
    )
}

/// The note about a table without a key.
pub(super) fn no_key(table: &str, why: &str) -> String {
    format!(
        "`{table}` is left out: {why}; make a view with a TEXT column `id`, and add a resource with {} and its fields",
        json!({"storage": {"table": "the view's name"}})
    )
}

/// The notes about the ids of a resource.
pub(super) fn of_key(table: &TableFacts, resource: &InferredResource, key: &Key<'_>) -> Vec<String> {
    let name = &resource.name;
    let columns: Vec<_> = key.columns.iter().map(|column| column.name.as_str()).collect();
    let why = key.why_not_primary.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    let template = resource.storage.id_format.clone().unwrap_or_else(|| vec!["{}"; columns.len()].join(":"));
    let made = match key.columns.as_slice() {
        [] => {
            return vec![format!(
                "`{}` has no key{why}: the ids of `{name}` are made from its row ids with the template {template}, and \
                 VACUUM may renumber them; name the columns of a key in `storage.id` where there is one",
                table.name
            )];
        }
        [_] if !key.has_template => None,
        [_] => Some(format!(
            "the ids of `{name}` are made from column {} with the template {template}",
            list(&columns)
        )),
        _ => Some(format!(
            "the ids of `{name}` are made from columns {} with the template {template}",
            list(&columns)
        )),
    };
    let unique = (key.source == Source::UniqueIndex).then(|| {
        format!(
            "`{}` has no primary key that can be used{why}: its unique index over {} is its key",
            table.name,
            list(&columns)
        )
    });
    unique.into_iter().chain(made).collect()
}

/// The notes about a resource whose records are documents.
pub(super) fn of_documents(table: &str, name: &str, facts: &DocumentFacts) -> Vec<String> {
    let mut notes =
        vec![format!("`{table}` is a PowerSync table: its documents become the resource `{name}`")];
    if facts.invalid > 0 {
        notes.push(format!(
            "{} of {} documents of `{table}` are no JSON objects, or have a reserved key: an upload refuses them until they are mended",
            facts.invalid, facts.documents
        ));
    }
    if facts.keys.iter().any(|key| key.name.is_empty()) {
        notes.push(format!("the empty key of documents of `{table}` is left out: a schema cannot name it"));
    }
    notes.extend(of_json(table, facts.keys.iter()));
    notes
}

/// The note about the generated columns of a table; `None` when it has none.
pub(super) fn of_generated(table: &TableFacts) -> Option<String> {
    let names: Vec<_> = table.generated.iter().map(String::as_str).collect();
    (!names.is_empty()).then(|| {
        format!(
            "{} of `{}` are left out: generated columns are computed from others, and a pull cannot write them",
            list(&names),
            table.name
        )
    })
}

/// The note about a column that cannot be a field.
pub(super) fn left_out_column(table: &str, column: &ColumnFacts, why: &str) -> String {
    let name = &column.name;
    let field = json!({"name": name, "type": kind(column), "nullable": !column.is_not_null});
    format!("column `{name}` of `{table}` is left out: {why}; once that is mended, add the field {field}")
}

/// The note about a field that has another name than its column.
pub(super) fn renamed(table: &str, column: &str, name: &str) -> String {
    format!(
        "column `{column}` of `{table}` becomes the field `{name}`: `{column}` means something else on the wire"
    )
}

/// The notes about columns whose texts are all JSON.
pub(super) fn of_json<'c>(table: &str, columns: impl Iterator<Item = &'c ColumnFacts>) -> Vec<String> {
    let (mut exact, mut inexact) = (Vec::new(), Vec::new());
    for column in columns {
        if is_all_json(column) && kind(column) == "json" {
            exact.push(column.name.as_str());
        } else if is_inexact_json(column) {
            inexact.push(column.name.as_str());
        }
    }
    let exact = (!exact.is_empty()).then(|| {
        format!(
            "all text in {} of `{table}` is JSON: the type `json` is a guess; `string` uploads the text as it is",
            list(&exact)
        )
    });
    let inexact = (!inexact.is_empty()).then(|| {
        format!(
            "all text in {} of `{table}` is JSON, but as `json` some of it would be changed or refused (integers beyond \
             64 bits, other digits, repeated or reserved keys): it is uploaded as text",
            list(&inexact)
        )
    });
    exact.into_iter().chain(inexact).collect()
}

/// Names in backquotes, at most [`MAX_NAMES`] of them.
pub(super) fn list(names: &[&str]) -> String {
    let shown: Vec<_> = names.iter().take(MAX_NAMES).map(|name| format!("`{name}`")).collect();
    let more = names.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
