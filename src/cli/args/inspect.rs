//! The flags of `synctool inspect`. The subcommand is in `commands/inspect.rs`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::common::{Output, any_path};

/// Show the content of an offline database
///
/// Shows resources, row counts, join stores, pending entries of the change log, cursors and
/// client id, as a table or as JSON. Without a schema, one is inferred.
#[derive(Debug, Args)]
pub(in crate::cli) struct InspectArgs {
    /// Offline database, a SQLite file
    #[arg(value_name = "DB", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) db: PathBuf,
    /// Schema, a JSON file
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_SCHEMA",
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) schema: Option<PathBuf>,
    /// Format of the result
    #[arg(long, value_enum, env = "SYNCTOOL_OUTPUT")]
    pub(in crate::cli) output: Option<Output>,
}
