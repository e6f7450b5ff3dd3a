//! Guesses from names: which table a column refers to where no foreign key is declared. Whether the
//! values agree is checked by the callers.

use std::collections::HashMap;

/// Suffixes of the names of columns that hold a key.
const SUFFIXES: [&str; 8] = ["_uuid", "_guid", "_id", "_fk", "Uuid", "UUID", "Id", "ID"];

/// Prefixes of the names of columns that hold a key.
const PREFIXES: [&str; 2] = ["id_", "fk_"];

/// The indexes of tables by their names in a normal form ([`plain`]).
pub(super) struct Guesses {
    tables: HashMap<String, usize>,
    /// The tables of Core Data's entities, by their numbers.
    entities: HashMap<i64, usize>,
}

impl Guesses {
    /// `tables`: names and indexes of the tables that a column may refer to. `entities`: the names of
    /// the tables of Core Data's entities.
    pub(super) fn new<'n>(
        tables: impl Iterator<Item = (&'n str, usize)>,
        entities: &[(i64, String)],
    ) -> Self {
        let mut by_name = HashMap::new();
        for (name, index) in tables {
            by_name.entry(plain(name)).or_insert(index);
        }
        let entity = |(number, table): &(i64, String)| Some((*number, *by_name.get(&plain(table))?));
        Self { entities: entities.iter().filter_map(entity).collect(), tables: by_name }
    }

    /// The table that a column of the table `own` refers to by its name.
    pub(super) fn target(&self, column: &str, own: usize) -> Option<usize> {
        if let Some(target) = self.core_data(column) {
            return Some(target);
        }
        let stem = SUFFIXES
            .iter()
            .find_map(|suffix| column.strip_suffix(suffix))
            .or_else(|| PREFIXES.iter().find_map(|prefix| column.strip_prefix(prefix)))?;
        let stem = plain(stem);
        match self.named(&stem) {
            None if stem == "parent" => Some(own),
            target => target,
        }
    }

    /// The table of a column of Core Data: `ZLIST` refers to the table `ZLIST`, `Z_2TAGS` of a join
    /// table to the table of entity 2.
    fn core_data(&self, column: &str) -> Option<usize> {
        let Some(numbered) = column.strip_prefix("Z_") else {
            return column.strip_prefix('Z').and_then(|_| self.named(&plain(column)));
        };
        let name = numbered.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let number: i64 = numbered[..numbered.len() - name.len()].parse().ok()?;
        let named = || self.named(&format!("z{}", plain(name)));
        self.entities.get(&number).copied().or_else(named)
    }

    /// The table of that name, in the singular or the plural.
    fn named(&self, stem: &str) -> Option<usize> {
        if stem.is_empty() {
            return None;
        }
        let plural = stem.strip_suffix('y').map(|start| format!("{start}ies"));
        let singular = stem.strip_suffix('s').map(str::to_owned);
        let from_ies = stem.strip_suffix("ies").map(|start| format!("{start}y"));
        let forms = [
            Some(stem.to_owned()),
            Some(format!("{stem}s")),
            Some(format!("{stem}es")),
            plural,
            singular,
            from_ies,
        ];
        forms.into_iter().flatten().find_map(|form| self.tables.get(&form).copied())
    }
}

/// A name in lower case without separators.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_matched_with_tables_by_their_names() {
        let names = ["todos", "Category", "work_boxes", "ZTODO", "ZTAG", "ZNOTE"];
        let tables = || names.iter().enumerate().map(|(index, name)| (*name, index));
        let guesses = Guesses::new(tables(), &[(1, "ZTODO".to_owned()), (2, "ZTAG".to_owned())]);
        for (column, expected) in [
            ("todo_id", Some("todos")),
            ("todoId", Some("todos")),
            ("todos_id", Some("todos")),
            ("id_todo", Some("todos")),
            ("categories_id", Some("Category")),
            ("workBoxUuid", Some("work_boxes")),
            ("Z_1ANYTHING", Some("ZTODO")),
            ("Z_2TAGS", Some("ZTAG")),
            ("Z_7NOTES", Some("ZNOTE")),
            ("ZNOTE", Some("ZNOTE")),
            ("parent_id", Some("ZNOTE")),
            ("todo", None),
            ("_id", None),
            ("id", None),
            ("grid", None),
            ("Z_PK", None),
        ] {
            assert_eq!(guesses.target(column, 5).map(|index| names[index]), expected, "{column}");
        }
    }
}
