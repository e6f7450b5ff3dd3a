//! The parts that a report is made of.

use super::chart::Chart;
use super::verdict::Verdict;
use crate::report::shown::Shown;

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Report {
    pub(in crate::report) verdict: Verdict,
    /// The verdict in words.
    pub(in crate::report) title: String,
    /// When it began, and of what.
    pub(in crate::report) lead: Vec<String>,
    pub(in crate::report) facts: Vec<Fact>,
    pub(in crate::report) sections: Vec<Section>,
}

/// A number with its name.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Fact {
    pub(in crate::report) name: &'static str,
    pub(in crate::report) value: String,
    /// What the number says more exactly; may be empty.
    pub(in crate::report) detail: String,
}

/// A part with a heading.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Section {
    pub(in crate::report) heading: Cell,
    pub(in crate::report) blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) enum Block {
    /// A sentence.
    Note(String),
    /// Of one run among several.
    Facts(Vec<Fact>),
    Table(Table),
    /// A table that is shown when it is asked for.
    Folded(Table),
    Chart(Chart),
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Table {
    /// What it is of, for a screen reader.
    pub(in crate::report) caption: &'static str,
    /// The names of the columns, and whether they hold numbers.
    pub(in crate::report) columns: Vec<(&'static str, bool)>,
    pub(in crate::report) rows: Vec<Vec<Cell>>,
    /// The sums of the columns.
    pub(in crate::report) sums: Option<Vec<Cell>>,
    /// What is left out.
    pub(in crate::report) more: Option<String>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) enum Cell {
    /// Words of synctool.
    Words(String),
    /// Names and ids of data, server or command line.
    Data(Shown),
    /// A sentence of a server.
    Said(Shown),
}

impl Cell {
    pub(super) fn words(text: impl Into<String>) -> Self {
        Self::Words(text.into())
    }

    /// A text of data in at most about `max` bytes.
    pub(super) fn data(text: &str, max: usize) -> Self {
        Self::Data(Shown::new(text, max))
    }

    /// A sentence in at most about `max` bytes.
    pub(super) fn said(text: &str, max: usize) -> Self {
        Self::Said(Shown::new(text, max))
    }

    pub(super) fn empty() -> Self {
        Self::Words(String::new())
    }
}

impl Section {
    pub(super) fn new(heading: &str, blocks: Vec<Block>) -> Self {
        Self { heading: Cell::words(heading), blocks }
    }
}

impl Table {
    pub(super) fn new(caption: &'static str, columns: &[(&'static str, bool)]) -> Self {
        Self { caption, columns: columns.to_vec(), rows: Vec::new(), sums: None, more: None }
    }

    /// Adds the first `max` rows, and says how many there are more.
    pub(super) fn with_rows(mut self, max: usize, rows: impl IntoIterator<Item = Vec<Cell>>) -> Self {
        let mut rows = rows.into_iter();
        self.rows.extend(rows.by_ref().take(max));
        self.and_more(rows.count() as u64)
    }

    /// Says how many rows there are more.
    pub(super) fn and_more(mut self, more: u64) -> Self {
        if more > 0 {
            self.more = Some(format!("and {} more", crate::numbers::grouped(more)));
        }
        self
    }
}
