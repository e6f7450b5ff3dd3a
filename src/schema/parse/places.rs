//! Where the values of a JSON text are: from a path such as `resources[0].name` to line and column. The
//! paths are those of [`super::problems`].

use std::collections::{BTreeMap, HashMap};

use serde_json::value::RawValue;

use crate::protocol::ROOT_PATH;
use crate::schema::error::Place;

/// Maximum depth of the values with a place of their own: a little more than that of a schema.
const MAX_DEPTH: usize = 16;

/// The places of all values of a text.
pub(super) struct Places<'t> {
    text: &'t str,
    /// The offset in bytes of each value, by its path.
    offsets: HashMap<String, usize>,
}

impl<'t> Places<'t> {
    /// The places of a text that is JSON; none of any other text.
    pub(super) fn of(text: &'t str) -> Self {
        let mut places = Self { text, offsets: HashMap::new() };
        if let Ok(value) = serde_json::from_str::<&RawValue>(text) {
            places.add(value, String::new(), MAX_DEPTH);
        }
        places
    }

    /// Adds a value and what is in it, to the given depth.
    fn add(&mut self, value: &RawValue, path: String, depth: usize) {
        // The value is borrowed from the text.
        let offset = value.get().as_ptr().addr() - self.text.as_ptr().addr();
        if depth == 0 {
            // The place of a deeper value is that of what contains it.
        } else if value.get().starts_with('{') {
            // Of equal keys the last one counts, as in the schema.
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
            for (key, member) in members {
                self.add(member, if path.is_empty() { key } else { format!("{path}.{key}") }, depth - 1);
            }
        } else if value.get().starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
            for (index, item) in items.into_iter().enumerate() {
                self.add(item, format!("{path}[{index}]"), depth - 1);
            }
        }
        self.offsets.insert(path, offset);
    }

    /// The place of the value with the path, or of what should contain it.
    pub(super) fn of_path(&self, path: &str) -> Option<Place> {
        let mut path = if path == ROOT_PATH { "" } else { path };
        let offset = loop {
            match self.offsets.get(path) {
                Some(offset) => break *offset,
                None if path.is_empty() => return None,
                None => path = &path[..path.rfind(['.', '[']).unwrap_or(0)],
            }
        };
        let before = &self.text[..offset];
        let line = before.rfind('\n').map_or(before, |end| &before[end + 1..]);
        Some(Place { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_place_of_its_value_or_of_what_lacks_it() {
        let text = "{\n  \"é\": 1, \"a\": [\n    {\"b\": \"x\"},\n\t{}]\n}";
        let places = Places::of(text);
        for (path, line, column) in [
            ("$", 1, 1),
            ("a", 2, 16),
            ("a[0]", 3, 5),
            ("a[0].b", 3, 11),
            ("a[1].b", 4, 2),
            ("a[1].b.c", 4, 2),
            ("z[0]", 1, 1),
        ] {
            assert_eq!(places.of_path(path), Some(Place { line, column }), "{path}");
        }
        assert_eq!(Places::of("{").of_path("a"), None);
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(
            Places::of(&deep).of_path(&"[0]".repeat(100)),
            Some(Place { line: 1, column: MAX_DEPTH + 1 })
        );
    }
}
