//! How far the check of all rows is. The checks are in [`crate::offline`], their order in
//! [`super::upload_plan`].

use crate::cloneup::observer::Event;

/// How far the check of all rows is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checking {
    /// The resource or join store whose rows are being checked.
    pub(crate) name: String,
    /// The number of tables that are checked.
    pub(crate) checked: usize,
    /// The number of tables to check.
    pub(crate) tables: usize,
    /// The number of rows that are checked.
    pub(crate) rows: u64,
}

impl Checking {
    pub(super) fn of(tables: usize) -> Self {
        Self { tables, ..Self::default() }
    }

    /// The check of a table begins.
    pub(super) fn begin(&mut self, name: &str, report: &dyn Fn(&Self)) {
        name.clone_into(&mut self.name);
        report(self);
    }

    /// The same, with rows of the table that is being checked.
    pub(super) fn with_rows(&self, rows: u64) -> Self {
        Self { rows: self.rows + rows, ..self.clone() }
    }

    /// The check of a table ends, which has this many rows.
    pub(super) fn end(&mut self, rows: u64) {
        self.checked += 1;
        self.rows += rows;
    }

    /// The event for an observer.
    pub(crate) fn event(&self) -> Event<'_> {
        let Self { name, checked, tables, rows } = self;
        Event::Checking { name, checked: *checked, tables: *tables, rows: *rows }
    }
}
