//! `synctool inspect`: what an offline database holds.

use super::args::InspectArgs;
use super::output::Hints;
use super::resolve;
use super::schema::infer;
use super::signals::SIGINT;
use super::table::Table;
use super::{exit, output};
use crate::cloneup::{Failure, Inspection, PartKind, inspect};
use crate::offline::Database;
use crate::schema::Schema;

/// Runs the subcommand.
pub(super) fn run(args: &InspectArgs) -> u8 {
    match look(args) {
        Ok(inspection) => {
            match args.output {
                None => tell(&inspection),
                Some(format) => output::result(&inspection, format),
            }
            exit::SUCCESS
        }
        Err(failure) => {
            let status = exit::status(Some(failure.kind), SIGINT);
            output::failures(&[failure], Hints::Told);
            status
        }
    }
}

fn look(args: &InspectArgs) -> Result<Inspection, Failure> {
    let database = Database::open(&args.db)?;
    let schema = match (&args.schema, database.stored_schema()?) {
        (None, None) => {
            output::line("no schema is given or stored: one was inferred");
            let (text, _) = infer(&database)?;
            parse(&text)?
        }
        (file, stored) => resolve::schema(file.as_deref(), || Ok(stored))?,
    };
    Ok(inspect(&schema, &database)?)
}

fn parse(text: &str) -> Result<Schema, Failure> {
    Schema::parse(text).map_err(|error| Failure::schema(error.to_string(), error.path))
}

/// Tells it on stdout, for a person.
fn tell(inspection: &Inspection) {
    let mut table = Table::new(&["", "table", "rows", ""]);
    for part in &inspection.parts {
        let kind = if part.kind == PartKind::Records { "" } else { "join rows" };
        let problem = part.problem.as_ref().map(output::sentence);
        table.row([
            part.name.clone(),
            part.table.clone(),
            part.rows.map_or_else(|| "?".to_owned(), |rows| rows.to_string()),
            problem.unwrap_or_else(|| kind.to_owned()),
        ]);
    }
    for line in table.lines() {
        output::text(&line);
    }
    let pending: Vec<_> =
        inspection.pending.iter().map(|(operation, count)| format!("{count} {operation}")).collect();
    let none = || "none".to_owned();
    let pending = if pending.is_empty() { none() } else { pending.join(", ") };
    output::text("");
    output::text(&format!("change log  {pending}"));
    output::text(&format!("cursor      {}", inspection.cursor));
    for (name, cursor) in &inspection.cursors {
        output::text(&format!("            {name}: {cursor}"));
    }
    output::text(&format!("client id   {}", inspection.client_id.clone().unwrap_or_else(none)));
    let checkpoint = inspection.checkpoint.as_ref().map(|unfinished| {
        format!("{} mutations acknowledged by {}", unfinished.mutations, unfinished.remote)
    });
    output::text(&format!("checkpoint  {}", checkpoint.unwrap_or_else(none)));
    for (index, left_out) in inspection.left_out.iter().enumerate() {
        let label = if index == 0 { "left out    " } else { "            " };
        let column = left_out.column.as_ref().map(|column| format!(".{column}")).unwrap_or_default();
        output::text(&format!("{label}{}{column}: {}", left_out.table, left_out.why));
    }
    for warning in &inspection.warnings {
        output::line(&format!("warning: {}", super::escape::escaped(warning)));
    }
}
