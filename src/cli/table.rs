//! Columns side by side, for people: text to the left, numbers to the right.

use super::escape::escaped;

/// A table that is read line by line.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With a heading for each column.
    pub(super) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| escaped(&cell).into_owned()).collect());
    }

    /// The lines, without blanks at their ends.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let columns = self.rows.first().map_or(0, Vec::len);
        let column = |index: usize| self.rows.iter().filter_map(move |row| row.get(index));
        let widths: Vec<_> = (0..columns)
            .map(|index| column(index).map(|cell| cell.chars().count()).max().unwrap_or(0))
            .collect();
        let is_number = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit());
        let numbers: Vec<_> =
            (0..columns).map(|index| index > 0 && column(index).skip(1).all(is_number)).collect();
        let lines = self.rows.iter().map(move |row| {
            let cells = row.iter().zip(&widths).zip(&numbers).map(|((cell, width), is_number)| {
                if *is_number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().into_iter()
    }
}

/// A number of bytes for people.
pub(super) fn bytes(count: u64) -> String {
    match count {
        0..1024 => format!("{count} B"),
        1024..1_048_576 => format!("{} KiB", count / 1024),
        _ => format!("{} MiB", count / 1_048_576),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_control_characters_are_shown() {
        let mut table = Table::new(&["name", "rows"]);
        table.row(["a\u{1b}".to_owned(), "5".to_owned()]);
        table.row(["long name".to_owned(), "1000".to_owned()]);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines, ["name       rows", "a\\u{1b}       5", "long name  1000"]);
    }
}
