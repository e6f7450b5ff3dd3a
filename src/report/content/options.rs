//! The options that differ from their defaults, of one run or of several.

use std::collections::BTreeMap;

use super::budget::{NAME, SENTENCE};
use super::report::{Block, Cell, Section, Table};
use crate::report::record::Run;

/// Maximum number of options; there are fewer.
const MAX_OPTIONS: usize = 48;

/// The section about the options; `None` where there are none. Of several runs, an option can have several
/// values.
pub(super) fn section<'r>(runs: impl IntoIterator<Item = &'r Run>) -> Option<Section> {
    let mut options = BTreeMap::<&str, Vec<&str>>::new();
    for (name, value) in runs.into_iter().filter_map(|run| run.started.as_ref()).flat_map(|run| &run.options)
    {
        let values = options.entry(name).or_default();
        if !values.contains(&value.as_str()) {
            values.push(value);
        }
    }
    if options.is_empty() {
        return None;
    }
    let rows = options.into_iter().map(|(name, values)| {
        vec![Cell::data(&format!("--{name}"), NAME), Cell::data(&values.join(", "), SENTENCE)]
    });
    let table = Table::new("Options that differ from their defaults", &[("Option", false), ("Value", false)]);
    let table = table.with_rows(MAX_OPTIONS, rows);
    Some(Section::new("Options", vec![Block::Table(table)]))
}
