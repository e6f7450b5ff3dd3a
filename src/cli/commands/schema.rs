//! `synctool schema`: infers a schema for a database, and checks one. The inference itself is
//! [`crate::schema::infer`].

use std::path::Path;

use crate::cli::args::SchemaCommand;
use crate::cli::exit;
use crate::cli::output::{self, Hints, escaped};
use crate::cli::text_file;
use crate::cloneup::{Failure, inspect};
use crate::offline::{Database, OfflineError, Snapshot, introspect};
use crate::protocol::ROOT_PATH;
use crate::schema::Schema;

/// Runs the subcommand.
pub(in crate::cli) fn run(command: &SchemaCommand) -> Result<u8, Failure> {
    match command {
        SchemaCommand::Infer { db } => print_inferred(db),
        SchemaCommand::Check { schema, db } => check(schema, db.as_deref()),
    }
}

/// A schema for a database as JSON, and what was guessed and what was skipped, one sentence each.
pub(super) fn infer(database: &Database) -> Result<(String, Vec<String>), OfflineError> {
    let snapshot = Snapshot::take(database)?;
    let inferred = introspect::infer(&snapshot)?;
    let json = serde_json::to_string_pretty(&inferred).expect("a schema has texts and numbers only");
    Ok((json, inferred.notes))
}

fn print_inferred(db: &Path) -> Result<u8, Failure> {
    let database = Database::open(db)?;
    if let Some(warning) = database.warning() {
        output::warning(&warning);
    }
    let (json, notes) = infer(&database)?;
    for note in notes {
        output::line(&escaped(&note));
    }
    Ok(output::document(json, exit::SUCCESS))
}

fn check(path: &Path, db: Option<&Path>) -> Result<u8, Failure> {
    let text = text_file::read(path).map_err(|error| {
        Failure::schema(format!("cannot read the schema {}: {error}", path.display()), ROOT_PATH)
    })?;
    let schema = match Schema::parse_all(&text) {
        Ok(schema) => schema,
        Err(problems) => {
            let problems = problems.into_iter();
            let failures = problems.map(|problem| Failure::schema(problem.to_string(), problem.path));
            return Ok(report(&failures.collect::<Vec<_>>()));
        }
    };
    let Some(db) = db.filter(|path| !path.as_os_str().is_empty()) else {
        output::line("the schema is valid");
        return Ok(exit::SUCCESS);
    };
    let inspection = inspect(&schema, &Database::open(db)?)?;
    for warning in &inspection.warnings {
        output::warning(warning);
    }
    let problems = inspection.parts.into_iter().filter_map(|part| {
        let problem = part.problem?;
        let place = part.location.map_or_else(String::new, |location| format!(": {location}"));
        Some(Failure::usage(format!("{}: {}{place}", part.name, problem.message), problem.path))
    });
    let problems: Vec<_> = problems.collect();
    if !problems.is_empty() {
        return Ok(report(&problems));
    }
    output::line("the schema is valid, and the database fits it");
    Ok(exit::SUCCESS)
}

/// Prints what is wrong; returns the exit status.
fn report(problems: &[Failure]) -> u8 {
    output::failures(problems, Hints::unless(false));
    exit::INVALID
}
