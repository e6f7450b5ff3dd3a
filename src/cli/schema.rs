//! `synctool schema`: making a schema for a database, and checking one.

use std::path::Path;

use super::args::SchemaCommand;
use super::escape::escaped;
use super::output::Hints;
use super::signals::SIGINT;
use super::{exit, output};
use crate::cloneup::{Failure, inspect};
use crate::offline::{Database, OfflineError, Snapshot, introspect};
use crate::schema::Schema;

/// Runs the subcommand.
pub(super) fn run(command: &SchemaCommand) -> u8 {
    let done = match command {
        SchemaCommand::Infer { db } => print_inferred(db),
        SchemaCommand::Check { schema, db } => check(schema, db.as_deref()),
    };
    done.unwrap_or_else(|error| {
        let failure = Failure::from(error);
        let status = exit::status(Some(failure.kind), SIGINT);
        output::failures(&[failure], Hints::Told);
        status
    })
}

/// A schema for a database as JSON, and what was guessed for it.
pub(super) fn infer(database: &Database) -> Result<(String, Vec<String>), OfflineError> {
    let snapshot = Snapshot::take(database)?;
    let inferred = introspect::infer(&snapshot)?;
    // Text cannot fail to be written.
    let text = serde_json::to_string_pretty(&inferred).unwrap_or_default();
    Ok((text, inferred.notes))
}

fn print_inferred(db: &Path) -> Result<u8, OfflineError> {
    let (text, notes) = infer(&Database::open(db)?)?;
    for note in notes {
        output::line(&escaped(&note));
    }
    output::document(&text);
    Ok(exit::SUCCESS)
}

fn check(path: &Path, db: Option<&Path>) -> Result<u8, OfflineError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            output::error(&format!("cannot read the schema {}: {error}", path.display()));
            return Ok(exit::INVALID);
        }
    };
    let schema = match Schema::parse_all(&text) {
        Ok(schema) => schema,
        Err(problems) => {
            let problems =
                problems.into_iter().map(|problem| Failure::schema(problem.to_string(), problem.path));
            output::failures(&problems.collect::<Vec<_>>(), Hints::Left);
            return Ok(exit::INVALID);
        }
    };
    let Some(db) = db.filter(|path| !path.as_os_str().is_empty()) else {
        output::line("the schema is valid");
        return Ok(exit::SUCCESS);
    };
    let inspection = inspect(&schema, &Database::open(db)?)?;
    for warning in &inspection.warnings {
        output::line(&format!("warning: {}", escaped(warning)));
    }
    let problems = inspection.parts.into_iter().filter_map(|part| {
        let problem = part.problem?;
        Some(Failure::usage(format!("{}: {}", part.name, problem.message), problem.path))
    });
    let problems: Vec<_> = problems.collect();
    output::failures(&problems, Hints::Left);
    if problems.is_empty() {
        output::line("the schema is valid, and the database fits it");
    }
    Ok(if problems.is_empty() { exit::SUCCESS } else { exit::INVALID })
}
