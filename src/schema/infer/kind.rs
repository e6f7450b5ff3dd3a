//! The declared type that is inferred for a column or a key of documents. The other members of a field
//! are decided in [`super::fields`](mod@super::fields).

use crate::schema::table_facts::ColumnFacts;

/// The declared type if no value contradicts it, else a type that fits all values.
pub(super) fn kind(column: &ColumnFacts) -> &'static str {
    let declared = |parts: &[&str]| parts.iter().any(|part| column.declared.contains(part));
    let has_number = column.has_integer || column.has_real;
    if column.has_boolean {
        let is_boolean =
            !column.has_large_integer && !column.has_real && !column.has_text && !column.has_nested;
        return if is_boolean { "boolean" } else { "any" };
    }
    let is_json = column.has_nested || is_all_json(column);
    if column.has_nested && !has_number && (is_all_json(column) || !column.has_text) {
        return "json";
    }
    let kinds = [has_number, column.has_text, column.has_blob, column.has_nested];
    if kinds.iter().filter(|has| **has).count() > 1 {
        return "any";
    }
    if column.has_blob {
        return "blob";
    }
    if column.has_text {
        return match () {
            () if is_json => "json",
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
    of_declaration(column)
}

/// The type for a column without values.
fn of_declaration(column: &ColumnFacts) -> &'static str {
    let declared = |parts: &[&str]| parts.iter().any(|part| column.declared.contains(part));
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

/// Whether every text is JSON that a round trip does not change: then it can be uploaded as JSON.
pub(super) fn is_all_json(column: &ColumnFacts) -> bool {
    column.has_json_text && !column.has_plain_text && !column.has_inexact_json
}

/// Whether every text is JSON, but a round trip would change some of it: it stays text.
pub(super) fn is_inexact_json(column: &ColumnFacts) -> bool {
    column.has_json_text && !column.has_plain_text && column.has_inexact_json
}

/// Whether the column is declared for text.
pub(super) fn is_declared_text(column: &ColumnFacts) -> bool {
    ["CHAR", "CLOB", "TEXT"].iter().any(|part| column.declared.contains(part))
}

/// Whether the column is declared for floating-point numbers.
pub(super) fn is_declared_real(column: &ColumnFacts) -> bool {
    ["REAL", "FLOA", "DOUB"].iter().any(|part| column.declared.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_decide_where_they_contradict_the_declaration() {
        let none = ColumnFacts::default;
        let text = || ColumnFacts { has_text: true, ..none() };
        let json = || ColumnFacts { has_json_text: true, ..text() };
        let plain = || ColumnFacts { has_plain_text: true, ..text() };
        for (facts, expected) in [
            (none(), "any"),
            (ColumnFacts { declared: "BOOLEAN".to_owned(), ..plain() }, "string"),
            (ColumnFacts { declared: "BOOLEAN".to_owned(), has_integer: true, ..none() }, "boolean"),
            (json(), "json"),
            (ColumnFacts { has_inexact_json: true, ..json() }, "string"),
            (ColumnFacts { has_plain_text: true, ..json() }, "string"),
            (ColumnFacts { has_integer: true, ..json() }, "any"),
            (ColumnFacts { has_nested: true, ..none() }, "json"),
            (ColumnFacts { has_nested: true, ..json() }, "json"),
            (ColumnFacts { has_nested: true, ..plain() }, "any"),
            (ColumnFacts { has_nested: true, has_inexact_json: true, ..json() }, "any"),
            (ColumnFacts { has_nested: true, has_real: true, ..none() }, "any"),
            (ColumnFacts { has_boolean: true, has_integer: true, ..none() }, "boolean"),
            (ColumnFacts { has_boolean: true, has_integer: true, has_large_integer: true, ..none() }, "any"),
            (ColumnFacts { has_boolean: true, ..plain() }, "any"),
        ] {
            assert_eq!(kind(&facts), expected, "{facts:?}");
        }
    }
}
