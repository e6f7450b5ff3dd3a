//! The plans of a dry run of several databases, for a person. As JSON they are [`DatabasesPreview`] itself.

use crate::cli::output::failures::{Hints, Told, failures_of};
use crate::cli::output::numbers::{bytes, counted, grouped};
use crate::cli::output::plan::server_line;
use crate::cli::output::print::{line, warning};
use crate::cli::output::table::Table;
use crate::cloneup::{DatabasePreview, DatabasesPreview, Preview};

use super::warnings::Warnings;

/// Maximum number of databases that have a row each; the result has all of them.
const MAX_ROWS: usize = 50;

/// Prints the plans on stderr: everything, or errors alone.
pub(in crate::cli) fn databases_plan(preview: &DatabasesPreview, is_quiet: bool) {
    if !is_quiet {
        print_warnings(preview);
        table(preview).lines().iter().for_each(|row| line(row));
        line(server_line(preview.server));
        line("dry run: nothing was sent or stored");
    }
    let of_server = preview.failures.iter().map(|failure| Told { database: None, failure });
    let of_databases = preview.databases.iter().flat_map(|database| {
        let failures = database.preview.failures.iter();
        failures.map(|failure| Told { database: Some(&database.path), failure })
    });
    failures_of(of_server.chain(of_databases), Hints::unless(is_quiet));
}

fn print_warnings(preview: &DatabasesPreview) {
    let mut warnings = Warnings::default();
    for database in &preview.databases {
        let path = database.path.to_string_lossy();
        let lines = database.preview.warnings.iter().filter_map(|text| warnings.note(&path, text));
        lines.for_each(|text| warning(&text));
    }
    warnings.finish().iter().chain(&preview.warnings).for_each(|text| warning(text));
}

/// A row for each database, and one for all.
fn table(preview: &DatabasesPreview) -> Table {
    let mut table = Table::new(&["", "rows", "requests", "size", ""]);
    let (mut all, mut more) = (Counts::default(), Counts::default());
    for (index, DatabasePreview { path, preview }) in preview.databases.iter().enumerate() {
        let counts = Counts::of(preview);
        all.add(&counts);
        if index < MAX_ROWS {
            let remark = if preview.ok { "" } else { "cannot be uploaded" };
            table.row(counts.row(path.to_string_lossy().into_owned(), remark));
        } else {
            more.add(&counts);
        }
    }
    let count = preview.databases.len();
    if let Some(left_out) = count.checked_sub(MAX_ROWS).filter(|left_out| *left_out > 0) {
        table.row(more.row(format!("… and {}", counted(left_out as u64, "more database")), ""));
    }
    table.row(all.row(format!("all {}", counted(count as u64, "database")), ""));
    table
}

/// The numbers of one database or of several.
#[derive(Debug, Default)]
struct Counts {
    rows: u64,
    requests: u64,
    bytes: u64,
}

impl Counts {
    fn of(preview: &Preview) -> Self {
        let mut counts = Self::default();
        for part in &preview.parts {
            counts.add(&Self { rows: part.rows, requests: part.batches, bytes: part.estimated_bytes });
        }
        counts
    }

    fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.requests += other.requests;
        self.bytes += other.bytes;
    }

    fn row(&self, name: String, remark: &str) -> [String; 5] {
        [name, grouped(self.rows), grouped(self.requests), bytes(self.bytes), remark.to_owned()]
    }
}
