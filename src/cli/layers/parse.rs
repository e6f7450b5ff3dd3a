//! Parses a command line with all its layers. What is done with a command line that cannot be parsed is
//! decided in [`crate::cli::run()`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, FromArgMatches as _};

use super::config_file::{ConfigFile, ConfigNotes};
use super::definition::command;
use crate::cli::args::Cli;
use crate::cloneup::Failure;
use crate::protocol::ROOT_PATH;

/// Why a command line is not executed.
pub(in crate::cli) enum Refused {
    /// It asks for help or the version.
    Help(clap::Error),
    /// clap finds it invalid.
    Usage(clap::Error),
    /// The configuration file cannot be used.
    ConfigFile(Failure),
}

impl From<clap::Error> for Refused {
    fn from(error: clap::Error) -> Self {
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Self::Help(error),
            _ => Self::Usage(error),
        }
    }
}

/// Parses with all layers: flag, then environment, then file, then default. Also returns the matches of
/// the subcommand, which know the layer of each value. Which configuration files were found is added to
/// `notes`.
///
/// # Errors
/// [`Refused`] when help is asked for, or the command line or the configuration file is invalid.
pub(in crate::cli) fn parse(
    arguments: &[OsString],
    notes: &mut ConfigNotes,
) -> Result<(Cli, ArgMatches), Refused> {
    let matches = command().try_get_matches_from_mut(arguments)?;
    let named = matches.get_one::<PathBuf>("config").cloned().filter(|path| !path.as_os_str().is_empty());
    let profile = matches.get_one::<String>("profile").cloned().filter(|name| !name.is_empty());
    let file = ConfigFile::find(named, profile.as_deref(), notes).map_err(Refused::ConfigFile)?;
    let matches = match file {
        None => matches,
        Some(file) => {
            let mut layered = file.apply(command()).map_err(Refused::ConfigFile)?;
            layered.try_get_matches_from_mut(arguments)?
        }
    };
    let cli = Cli::from_arg_matches(&matches)?;
    // A subcommand of a subcommand reads its layers by itself.
    let (_, own) = matches.subcommand().expect("clap requires a subcommand");
    Ok((cli, own.clone()))
}

/// The failure of a command line that clap finds invalid: the first line of clap's message, and the
/// argument that it is about.
pub(in crate::cli) fn usage_failure(error: &clap::Error) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage("a subcommand is required", ROOT_PATH);
    }
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let path = match error.get(ContextKind::InvalidArg) {
        // clap gives the argument with its value: `--batch-size <N>`.
        Some(ContextValue::String(argument)) => {
            argument.split([' ', '=', '[']).next().unwrap_or(argument).to_owned()
        }
        _ => ROOT_PATH.to_owned(),
    };
    Failure::usage(first.trim_start_matches("error: "), path)
}
