//! `synctool inspect`: shows the content of an offline database. The inspection itself is in
//! [`crate::cloneup`].

use super::schema::infer;
use crate::cli::args::InspectArgs;
use crate::cli::output::{self, Table};
use crate::cli::{exit, resolve};
use crate::cloneup::{Failure, Inspection, PartKind, inspect};
use crate::offline::Database;
use crate::schema::Schema;

/// Runs the subcommand.
pub(in crate::cli) fn run(args: &InspectArgs) -> Result<u8, Failure> {
    let database = Database::open(&args.db)?;
    let schema = match (&args.schema, database.stored_schema()?) {
        (None, None) => inferred(&database)?,
        (file, stored) => resolve::schema(file.as_deref(), || Ok(stored))?,
    };
    let inspection = inspect(&schema, &database)?;
    if let Some(format) = args.output {
        return Ok(output::result(&inspection, format, exit::SUCCESS));
    }
    Ok(print(&inspection))
}

fn inferred(database: &Database) -> Result<Schema, Failure> {
    output::line("no schema is given or stored: one was inferred");
    let (json, _) = infer(database)?;
    Schema::parse(&json).map_err(|error| Failure::schema(error.to_string(), error.path))
}

/// Prints an inspection on stdout, for a person; returns the exit status.
fn print(inspection: &Inspection) -> u8 {
    let mut table = Table::new(&["", "table", "rows", ""]);
    for part in &inspection.parts {
        let kind = match (part.kind, part.deleted) {
            (PartKind::JoinRows, _) => "join rows".to_owned(),
            (_, Some(deleted @ 1..)) => format!("and {deleted} marked as deleted"),
            _ => String::new(),
        };
        let problem = part.problem.as_ref().map(|problem| {
            let place = part.location.as_ref().map_or_else(String::new, |location| format!(": {location}"));
            output::sentence(problem) + &place
        });
        table.row([
            part.name.clone(),
            part.table.clone(),
            part.rows.map_or_else(|| "?".to_owned(), |rows| rows.to_string()),
            problem.unwrap_or(kind),
        ]);
    }
    let mut lines = table.lines();
    let pending: Vec<_> =
        inspection.pending.iter().map(|(operation, count)| format!("{count} {operation}")).collect();
    let none = || "none".to_owned();
    let pending = if pending.is_empty() { none() } else { pending.join(", ") };
    lines.push(String::new());
    lines.push(format!("change log  {pending}"));
    lines.push(format!("cursor      {}", inspection.cursor));
    for (name, cursor) in &inspection.cursors {
        lines.push(format!("            {name}: {cursor}"));
    }
    if let Some(store_id) = &inspection.store_id {
        lines.push(format!("store id    {store_id}"));
    }
    lines.push(format!("client id   {}", inspection.client_id.clone().unwrap_or_else(none)));
    let checkpoint = inspection.checkpoint.as_ref().map(|unfinished| {
        format!("{} mutations acknowledged by {}", unfinished.mutations, unfinished.remote)
    });
    lines.push(format!("checkpoint  {}", checkpoint.unwrap_or_else(none)));
    for (index, left_out) in inspection.left_out.iter().enumerate() {
        let label = if index == 0 { "left out    " } else { "            " };
        let column = left_out.column.as_ref().map(|column| format!(".{column}")).unwrap_or_default();
        lines.push(format!("{label}{}{column}: {}", left_out.table, left_out.why));
    }
    let status = output::text(&lines, exit::SUCCESS);
    for warning in &inspection.warnings {
        output::warning(warning);
    }
    status
}
