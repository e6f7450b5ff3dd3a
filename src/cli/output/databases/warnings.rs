//! Warnings of several databases: each text is printed once, with the first database that it is about; the
//! others are counted. Printing is in [`crate::cli::output::print`](mod@crate::cli::output::print).

use std::collections::HashMap;

use crate::cli::output::numbers::counted;

/// Maximum number of texts that are told apart: a text can contain a name, so that each is another one.
const MAX_TEXTS: usize = 50;

/// The warnings so far.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    /// How many more databases have each warning that was printed.
    more: HashMap<String, u64>,
    /// How many warnings were not printed and are none of these.
    others: u64,
}

impl Warnings {
    /// The line to print for a warning; `None` if it is only counted.
    pub(super) fn note(&mut self, database: &str, text: &str) -> Option<String> {
        if let Some(more) = self.more.get_mut(text) {
            *more += 1;
            return None;
        }
        if self.more.len() >= MAX_TEXTS {
            self.others += 1;
            return None;
        }
        self.more.insert(text.to_owned(), 0);
        Some(format!("{database}: {text}"))
    }

    /// The lines about those that were only counted, at the end of the run.
    pub(super) fn finish(&mut self) -> Vec<String> {
        let repeated = self.more.drain().filter(|(_, more)| *more > 0);
        let mut lines: Vec<_> =
            repeated.map(|(text, more)| format!("{}: {text}", counted(more, "more database"))).collect();
        lines.sort_unstable();
        if self.others > 0 {
            lines.push(format!("and {} of other databases", counted(self.others, "more warning")));
        }
        lines
    }
}
