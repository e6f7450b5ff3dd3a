//! `synctool schema`: infers a schema for a database, and checks one. The inference itself is
//! [`crate::schema::infer`].

use std::cell::RefCell;
use std::path::Path;

use crate::cli::args::SchemaCommand;
use crate::cli::exit;
use crate::cli::output::{self, Hints, escaped};
use crate::cli::text_file;
use crate::cloneup::{Failure, inspect};
use crate::offline::{Database, OfflineError, Snapshot, introspect};
use crate::protocol::ROOT_PATH;
use crate::schema::Schema;

/// An inferred schema.
pub(super) struct InferredSchema {
    /// The schema file's content.
    pub(super) json: String,
    /// What was guessed and what was skipped, one sentence each.
    pub(super) notes: Vec<String>,
    /// Tables of which less was read than the inference needs, one sentence each.
    pub(super) warnings: Vec<String>,
}

/// Runs the subcommand.
pub(in crate::cli) fn run(command: &SchemaCommand) -> Result<u8, Failure> {
    match command {
        SchemaCommand::Infer { db } => print_inferred(db),
        SchemaCommand::Check { schema, db } => check(schema, db.as_deref()),
    }
}

/// Infers a schema for a database.
pub(super) fn infer(database: &Database) -> Result<InferredSchema, OfflineError> {
    let snapshot = Snapshot::take(database)?;
    let tables = introspect::tables(&snapshot)?;
    let warnings = RefCell::new(Vec::new());
    let documents = |table: &str| {
        introspect::document_keys(&snapshot, table).unwrap_or_else(|error| {
            let warning =
                format!("the documents of `{table}` were not read, so its fields are missing: {error}");
            warnings.borrow_mut().push(warning);
            Vec::new()
        })
    };
    let inferred = crate::schema::infer(&tables, documents);
    let json = serde_json::to_string_pretty(&inferred).expect("a schema has texts and numbers only");
    Ok(InferredSchema { json, notes: inferred.notes, warnings: warnings.into_inner() })
}

fn print_inferred(db: &Path) -> Result<u8, Failure> {
    let database = Database::open(db)?;
    if let Some(warning) = database.warning() {
        output::warning(&warning);
    }
    let InferredSchema { json, notes, warnings } = infer(&database)?;
    for note in notes {
        output::line(&escaped(&note));
    }
    for warning in warnings {
        output::warning(&warning);
    }
    output::document(json);
    Ok(exit::SUCCESS)
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
    output::failures(problems, Hints::Shown);
    exit::INVALID
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_whose_documents_cannot_be_read_is_warned_about() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let sql = "CREATE TABLE ps_data__notes (id TEXT PRIMARY KEY, other TEXT)";
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let inferred = infer(&Database::open(&path).unwrap()).unwrap();
        assert_eq!(inferred.warnings.len(), 1);
        assert!(inferred.warnings[0].contains("ps_data__notes"), "{:?}", inferred.warnings);
    }
}
