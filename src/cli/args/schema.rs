//! The flags of `synctool schema`. The subcommand is in `commands/schema.rs`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::common::any_path;

/// Infer or check a schema
#[derive(Debug, Args)]
pub(in crate::cli) struct SchemaArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: SchemaCommand,
}

/// The subcommands of `schema`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum SchemaCommand {
    /// Print a schema for a database that has none
    ///
    /// The schema is inferred from tables, keys and values; PowerSync and WatermelonDB are
    /// recognized. The schema is printed on stdout, what was guessed or skipped on stderr.
    Infer {
        /// Offline database, a SQLite file
        #[arg(value_name = "DB", value_hint = ValueHint::FilePath)]
        db: PathBuf,
    },
    /// List every problem of a schema
    Check {
        /// Schema, a JSON file
        #[arg(value_name = "SCHEMA", value_hint = ValueHint::FilePath)]
        schema: PathBuf,
        /// Also check every row of this database against the schema
        #[arg(long, value_name = "PATH", env = "SYNCTOOL_DB",
            value_hint = ValueHint::FilePath, value_parser = any_path())]
        db: Option<PathBuf>,
    },
}
