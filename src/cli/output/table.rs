//! Columns for people: text aligned to the left, numbers to the right. A column is as wide as its widest
//! cell on a terminal, where a CJK character takes two columns and a combining mark none. The lines are
//! printed by the callers.

use unicode_width::UnicodeWidthStr as _;

use super::escape::escaped;

/// A table; its rows have as many cells as it has headings.
pub(in crate::cli) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With a heading for each column.
    pub(in crate::cli) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    /// Adds a row.
    pub(in crate::cli) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| escaped(&cell).into_owned()).collect());
    }

    /// The lines, escaped and without trailing spaces.
    pub(in crate::cli) fn lines(&self) -> Vec<String> {
        let columns: Vec<_> = (0..self.rows.first().map_or(0, Vec::len))
            .map(|index| {
                let cells = || self.rows.iter().filter_map(move |row| row.get(index));
                let is_number = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit());
                let width = cells().map(|cell| cell.width()).max().unwrap_or(0);
                // The first row has the headings.
                (width, index > 0 && cells().skip(1).all(is_number))
            })
            .collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&columns).map(|(cell, (width, is_number))| {
                // `format!` would count characters, not columns.
                let space = " ".repeat(width - cell.width());
                if *is_number { format!("{space}{cell}") } else { format!("{cell}{space}") }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rows: &[[&str; 2]]) -> Vec<String> {
        let mut table = Table::new(&["name", "rows"]);
        for row in rows {
            table.row(row.map(str::to_owned));
        }
        table.lines()
    }

    #[test]
    fn numbers_are_aligned_to_the_right_and_control_characters_are_escaped() {
        assert_eq!(
            lines(&[["a\u{1b}", "5"], ["long name", "1000"]]),
            ["name       rows", "a\\u{1b}       5", "long name  1000"]
        );
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_displayed_cell() {
        assert_eq!(
            lines(&[["待办事项", "1"], ["e\u{301}te\u{301}", "10"], ["plain", "2"]]),
            ["name      rows", "待办事项     1", "e\u{301}te\u{301}         10", "plain        2"]
        );
    }
}
