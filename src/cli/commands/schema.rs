//! `synctool schema`: infers a schema for a database, and checks one. The inference itself is
//! [`crate::schema::infer`].

use std::path::Path;

use crate::cli::args::SchemaCommand;
use crate::cli::exit;
use crate::cli::output::{self, escaped};
use crate::cli::{resolve, text_file};
use crate::cloneup::{Failure, inspect};
use crate::offline::{Database, OfflineError, Snapshot, introspect};
use crate::protocol::{ErrorBody, ROOT_PATH, code};
use crate::schema::{Checked, Schema};

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
    let file = path.display().to_string();
    let Checked { schema, ignored } = Schema::check(&text);
    let typos = ignored.iter().filter(|ignored| ignored.unknown.as_ref().and_then(resolve::meant).is_some());
    for typo in typos {
        output::warning(&with_path(&resolve::described(typo, &file), &typo.path));
    }
    let schema = match schema {
        Ok(schema) => schema,
        Err(problems) => {
            let problems = problems.iter();
            let problems =
                problems.map(|problem| with_path(&resolve::described(problem, &file), &problem.path));
            return Ok(report(problems.collect()));
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
    let problems = inspection.parts.iter().filter_map(|part| {
        let problem = part.problem.as_ref()?;
        let place = part.location.as_ref().map_or_else(String::new, |location| format!(": {location}"));
        Some(with_path(&format!("{}: {}{place}", part.name, problem.message), &problem.path))
    });
    let problems: Vec<_> = problems.collect();
    if !problems.is_empty() {
        return Ok(report(problems));
    }
    output::line("the schema is valid, and the database fits it");
    Ok(exit::SUCCESS)
}

fn with_path(message: &str, path: &str) -> String {
    output::sentence(&ErrorBody::new(code::SCHEMA_INVALID, message, path))
}

/// Prints all problems; returns the exit status.
fn report(problems: Vec<String>) -> u8 {
    let count = problems.len();
    for problem in problems {
        output::error(&problem);
    }
    output::line(&format!("{count} {}", if count == 1 { "problem" } else { "problems" }));
    exit::INVALID
}
