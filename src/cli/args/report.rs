//! The flags of `synctool report`. The subcommand is in `commands/report.rs`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::common::{OUTPUT, any_path};

/// Make a report of event files
///
/// Reads what `cloneup --events` wrote, also of a run that failed or was killed, and makes the
/// report that `cloneup --report` writes: one page of HTML without scripts, or tables in Markdown.
/// Several files, such as those of all shards, become one report.
#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    /// Event files; - is stdin
    #[arg(value_name = "EVENTS", required = true, value_hint = ValueHint::FilePath)]
    pub(in crate::cli) events: Vec<PathBuf>,
    /// File to write, usually .html or .md; without it, the report is printed
    #[arg(short = 'o', long, value_name = "FILE", env = "SYNCTOOL_OUT", help_heading = OUTPUT,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Form of the report
    #[arg(long, value_enum, env = "SYNCTOOL_FORMAT", help_heading = OUTPUT)]
    pub(in crate::cli) format: Option<ReportFormat>,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    /// By the extension of --out; printed, Markdown on a terminal and HTML elsewhere
    #[default]
    Auto,
    /// One page of HTML
    Html,
    /// Tables in Markdown
    Md,
}
