//! Collects everything that is wrong with a schema. Every reader goes on after a problem, with a value that
//! is good enough to check the rest: a schema with a problem is never used.

use serde_json::{Map, Value};

use super::places::Places;
use crate::protocol::ROOT_PATH;
use crate::schema::error::{Place, SchemaError, UnknownName};

/// The problems so far.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// What makes the schema invalid.
    pub(super) errors: Vec<SchemaError>,
    /// What is valid and ignored, and may be a mistake.
    pub(super) ignored: Vec<SchemaError>,
}

impl Problems {
    /// Adds an error.
    pub(super) fn invalid(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.errors.push(error(path, message, None));
    }

    /// Adds serde's error for a text that is not JSON.
    pub(super) fn not_json(&mut self, text: &str, cause: &serde_json::Error) {
        let place = Place { line: cause.line(), column: cause.column() };
        let cause = cause.to_string();
        // The place has its own member.
        let end = format!(" at line {} column {}", place.line, place.column);
        let cause = cause.strip_suffix(&end).unwrap_or(&cause);
        let message = if text.trim().is_empty() {
            "not JSON: it is empty".to_owned()
        } else {
            format!("not JSON: {cause}")
        };
        let error = error(ROOT_PATH, message, None);
        self.errors.push(SchemaError { place: Some(place).filter(|place| place.column > 0), ..error });
    }

    /// Adds an error about a name that does not exist.
    pub(super) fn unknown<'k>(
        &mut self,
        path: impl Into<String>,
        message: impl Into<String>,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        self.errors.push(error(path, message, Some(unknown(name, known))));
    }

    /// Adds a name that is ignored.
    pub(super) fn ignore<'k>(
        &mut self,
        path: impl Into<String>,
        message: impl Into<String>,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        self.ignored.push(error(path, message, Some(unknown(name, known))));
    }

    /// Adds an item that is ignored.
    pub(super) fn ignore_item(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.ignored.push(error(path, message, None));
    }

    /// Adds the keys of an object that are not known. Unknown keys are ignored (contract 2), so that
    /// schemas of newer servers still work.
    pub(super) fn ignore_keys(&mut self, item: &Map<String, Value>, known: &[&str], path: &str) {
        for key in item.keys().filter(|key| !known.contains(&key.as_str())) {
            let missing = known.iter().copied().filter(|known| !item.contains_key(*known));
            let place = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            self.ignore(place, format!("the key `{key}` is ignored"), key, missing);
        }
    }

    /// Sets the places of all problems, and sorts them by their places.
    pub(super) fn locate(&mut self, text: &str) {
        if self.errors.is_empty() && self.ignored.is_empty() {
            return;
        }
        let places = Places::of(text);
        for problems in [&mut self.errors, &mut self.ignored] {
            for problem in problems.iter_mut() {
                problem.place = problem.place.or_else(|| places.of_path(&problem.path));
            }
            problems.sort_by_cached_key(|problem| problem.place);
        }
    }
}

fn error(path: impl Into<String>, message: impl Into<String>, unknown: Option<UnknownName>) -> SchemaError {
    SchemaError { message: message.into(), path: path.into(), place: None, unknown }
}

fn unknown<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> UnknownName {
    UnknownName { name: name.to_owned(), known: known.into_iter().map(str::to_owned).collect() }
}
