//! The command line as a whole: what holds for every subcommand, and the list of them. Its definition as
//! clap sees it is in [`crate::cli::layers`].

use std::path::PathBuf;

use clap::{Parser, ValueHint};

use super::clone::CloneArgs;
use super::cloneup::CloneupArgs;
use super::common::{GENERAL, any_path};
use super::completions::CompletionsArgs;
use super::config::ConfigArgs;
use super::inspect::InspectArgs;
use super::merge_results::MergeResultsArgs;
use super::report::ReportArgs;
use super::schema::SchemaArgs;
#[cfg(feature = "serve")]
use super::serve::{DemoArgs, ServeArgs};
use super::verify::VerifyArgs;

/// Uploads offline-first data in bulk to a DataFn sync server
#[derive(Debug, Parser)]
#[command(name = "synctool")]
pub(in crate::cli) struct Cli {
    /// Configuration file
    #[arg(long, global = true, value_name = "FILE", env = "SYNCTOOL_CONFIG", help_heading = GENERAL,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Profile to use, a table [profile.NAME] of that file
    #[arg(long, global = true, value_name = "NAME", env = "SYNCTOOL_PROFILE", help_heading = GENERAL)]
    pub(in crate::cli) profile: Option<String>,

    #[command(subcommand)]
    pub(in crate::cli) command: Subcommand,
}

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Subcommand {
    Cloneup(Box<CloneupArgs>),
    Clone(Box<CloneArgs>),
    Config(ConfigArgs),
    Inspect(InspectArgs),
    MergeResults(MergeResultsArgs),
    Report(ReportArgs),
    Schema(SchemaArgs),
    Verify(Box<VerifyArgs>),
    #[cfg(feature = "serve")]
    Serve(Box<ServeArgs>),
    #[cfg(feature = "serve")]
    Demo(DemoArgs),
    Completions(CompletionsArgs),
}

impl Subcommand {
    /// Whether diagnostics are to be printed on stderr.
    pub(in crate::cli) fn is_verbose(&self) -> bool {
        match self {
            Self::Cloneup(args) => args.verbosity.verbose > 0,
            Self::Clone(args) => args.verbosity.verbose > 0,
            Self::MergeResults(args) => args.verbosity.verbose > 0,
            Self::Verify(args) => args.verbosity.verbose > 0,
            #[cfg(feature = "serve")]
            Self::Serve(args) => args.verbosity.verbose > 0,
            #[cfg(feature = "serve")]
            Self::Demo(args) => args.verbosity.verbose > 0,
            Self::Completions(_) | Self::Config(_) | Self::Inspect(_) | Self::Report(_) | Self::Schema(_) => {
                false
            }
        }
    }

    /// Whether nothing but errors is to be printed on stderr.
    pub(in crate::cli) fn is_quiet(&self) -> bool {
        match self {
            Self::Cloneup(args) => args.verbosity.quiet,
            Self::Clone(args) => args.verbosity.quiet,
            Self::MergeResults(args) => args.verbosity.quiet,
            Self::Verify(args) => args.verbosity.quiet,
            #[cfg(feature = "serve")]
            Self::Serve(args) => args.verbosity.quiet,
            #[cfg(feature = "serve")]
            Self::Demo(args) => args.verbosity.quiet,
            Self::Completions(_) | Self::Config(_) | Self::Inspect(_) | Self::Report(_) | Self::Schema(_) => {
                false
            }
        }
    }
}
