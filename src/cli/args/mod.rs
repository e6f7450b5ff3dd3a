//! The flags as a person typed them: plain data, one file a subcommand. The doc comments are the help.
//!
//! Nothing is validated here, and no default is stated: values that need parsing are texts, so that
//! flag, environment and file fail with the same words. [`super::resolve`] makes settings of them, and
//! [`super::layers`] adds the defaults to the help.
//!
//! [`root`] has the command line as a whole; [`common`] the flags that several subcommands share.

mod clone;
mod cloneup;
mod common;
mod completions;
mod config;
mod inspect;
mod merge_results;
mod report;
mod root;
mod schema;
#[cfg(feature = "serve")]
mod serve;
mod verify;

pub(super) use clone::CloneArgs;
pub(super) use cloneup::CloneupArgs;
pub(super) use common::{GENERAL, Network, Output, ProgressArgs, ProgressMode, Target, Verbosity};
pub(super) use completions::Shell;
pub(super) use config::ConfigCommand;
pub(super) use inspect::InspectArgs;
pub(super) use merge_results::MergeResultsArgs;
pub(super) use report::{ReportArgs, ReportFormat};
pub(super) use root::{Cli, Subcommand};
pub(super) use schema::SchemaCommand;
#[cfg(feature = "postgres")]
pub(super) use serve::DatabaseArgs;
#[cfg(feature = "serve")]
pub(super) use serve::{DemoArgs, LogFormat, ServeArgs};
pub(super) use verify::VerifyArgs;
