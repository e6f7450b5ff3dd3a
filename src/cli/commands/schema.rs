//! `synctool schema`: infers a schema for a database, and checks one. The inference itself is
//! [`crate::schema::infer`].

use std::path::Path;

use crate::cli::args::SchemaCommand;
use crate::cli::exit;
use crate::cli::output::{self, Hints, escaped};
use crate::cli::{resolve, text_file};
use crate::cloneup::{Failure, inspect};
use crate::offline::{Database, OfflineError, Snapshot, introspect};
use crate::protocol::{ROOT_PATH, code};
use crate::schema::{Checked, Schema, SchemaError};

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
    if Schema::parse(&json).is_ok_and(|schema| schema.resources.is_empty()) {
        output::warning("the database has no tables that can be uploaded: the schema has no resources");
    }
    Ok(output::document(json, exit::SUCCESS))
}

fn check(path: &Path, db: Option<&Path>) -> Result<u8, Failure> {
    let text = text_file::read(path).map_err(|error| {
        Failure::schema(format!("cannot read the schema {}: {error}", path.display()), ROOT_PATH)
    })?;
    let file = path.display().to_string();
    let Checked { schema, ignored } = Schema::check(&text);
    for ignored in ignored.iter().filter(|ignored| is_mistake(ignored)) {
        output::warning(&output::sentence(problem(ignored, &file).body()));
    }
    let schema = match schema {
        Ok(schema) => schema,
        Err(errors) => {
            return Ok(report(&errors.iter().map(|error| problem(error, &file)).collect::<Vec<_>>()));
        }
    };
    if schema.resources.is_empty() {
        output::warning("the schema has no resources: nothing would be uploaded");
    }
    match db.filter(|path| !path.as_os_str().is_empty()) {
        Some(db) => check_rows(&schema, db),
        None => {
            output::line("the schema is valid");
            Ok(exit::SUCCESS)
        }
    }
}

/// Whether something that is ignored is probably not meant so: a name without a similar one may be meant
/// for other readers of the schema.
fn is_mistake(ignored: &SchemaError) -> bool {
    ignored.unknown.as_ref().is_none_or(|unknown| resolve::meant(unknown).is_some())
}

fn problem(error: &SchemaError, file: &str) -> Failure {
    Failure::schema(resolve::described(error, file), &error.path)
}

/// Checks every row of a database against a valid schema.
fn check_rows(schema: &Schema, db: &Path) -> Result<u8, Failure> {
    let inspection = inspect(schema, &Database::open(db)?)?;
    for warning in &inspection.warnings {
        output::warning(warning);
    }
    let problems = inspection.parts.into_iter().filter_map(|part| {
        let problem = part.problem?;
        let place = part.location.map_or_else(String::new, |location| format!(": {location}"));
        let message = format!("{}: {}{place}", part.name, problem.message);
        Some(match problem.code.as_str() {
            code::STORAGE_ERROR => Failure::storage(message),
            _ => Failure::usage(message, problem.path),
        })
    });
    let problems: Vec<_> = problems.collect();
    if !problems.is_empty() {
        return Ok(report(&problems));
    }
    output::line("the schema is valid, and the database fits it");
    Ok(exit::SUCCESS)
}

/// Prints all problems, and hints; returns the exit status.
fn report(problems: &[Failure]) -> u8 {
    for problem in problems {
        output::error(&output::sentence(problem.body()));
    }
    output::print_hints(problems, Hints::unless(false));
    let count = problems.len();
    output::line(&format!("{count} {}", if count == 1 { "problem" } else { "problems" }));
    exit::INVALID
}
