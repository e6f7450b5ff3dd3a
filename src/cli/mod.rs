//! What a person types and sees: flags and their layers, progress, messages, exit statuses.
//! One file a subcommand; the work itself is done below this floor.

mod args;
mod cloneup;
mod config;
mod config_show;
#[cfg(feature = "serve")]
mod demo;
mod escape;
mod events;
pub mod exit;
mod failures;
pub mod generated;
mod hints;
mod inspect;
mod output;
mod plan;
mod progress;
mod resolve;
mod schema;
#[cfg(feature = "serve")]
mod serve;
mod signals;
mod table;
mod units;
mod verify;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};

use crate::cloneup::Failure;
use crate::protocol::ROOT_PATH;
use args::{Cli, Subcommand};
use config::ConfigFile;

/// The command line's definition, from which help, completions and man pages come.
#[must_use]
pub fn command() -> clap::Command {
    // Said once below the options, instead of beside each.
    let layered = |arg: clap::Arg| {
        let is_switch = arg.get_possible_values().iter().any(|value| value.get_name() == "true");
        // A variable that is set to nothing counts as not given.
        let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
        let arg = if arg.get_env().is_some_and(is_empty) { arg.env(None::<&str>) } else { arg };
        let arg = arg.hide_env(true);
        if is_switch && arg.get_action().takes_values() { arg.hide_possible_values(true) } else { arg }
    };
    Cli::command().mut_args(layered).mut_subcommands(|subcommand| subcommand.mut_args(layered))
}

/// Runs a command line and says how the process is to exit.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let status = match parse(&arguments) {
        Ok((cli, matches)) => execute(cli.command, &matches),
        Err(error) => refuse(&error, &arguments),
    };
    ExitCode::from(status)
}

fn execute(subcommand: Subcommand, matches: &ArgMatches) -> u8 {
    match subcommand {
        Subcommand::Cloneup(args) => cloneup::run(*args, matches),
        Subcommand::Config(args) => config_show::run(&args.command, matches),
        Subcommand::Inspect(args) => inspect::run(&args),
        Subcommand::Schema(args) => schema::run(&args.command),
        Subcommand::Verify(args) => verify::run(&args, matches),
        #[cfg(feature = "serve")]
        Subcommand::Serve(args) => serve::run(&args, matches),
        #[cfg(feature = "serve")]
        Subcommand::Demo(args) => demo::run(&args),
    }
}

/// A command line that cannot be carried out.
enum ParseError {
    /// clap's word on it; help and version are among these.
    Clap(clap::Error),
    /// The configuration file's fault.
    Config(Failure),
}

/// Parses with all layers: flag, then environment, then file, then default. Returns the
/// subcommand's own matches too, which know where each value came from.
fn parse(arguments: &[OsString]) -> Result<(Cli, ArgMatches), ParseError> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(arguments).map_err(ParseError::Clap)?;
    let named = matches.get_one::<PathBuf>("config").cloned().filter(|path| !path.as_os_str().is_empty());
    let matches = match ConfigFile::find(named).map_err(ParseError::Config)? {
        None => matches,
        Some(file) => {
            let mut layered = file.apply(self::command()).map_err(ParseError::Config)?;
            layered.try_get_matches_from_mut(arguments).map_err(ParseError::Clap)?
        }
    };
    let cli = Cli::from_arg_matches(&matches).map_err(ParseError::Clap)?;
    // A subcommand of a subcommand reads its layers by itself.
    let own = matches.subcommand().map(|(_, own)| own.clone()).unwrap_or_default();
    Ok((cli, own))
}

/// Tells what is wrong with a command line; `cloneup` prints a result all the same.
fn refuse(error: &ParseError, arguments: &[OsString]) -> u8 {
    let failure = match error {
        ParseError::Clap(error) => {
            let is_asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            if !is_asked_for && arguments.iter().any(|argument| argument == "-q" || argument == "--quiet") {
                output::error(&usage_error(error).body().message);
            } else {
                // A closed stream leaves nobody to tell.
                let _ = error.print();
            }
            if is_asked_for {
                return exit::SUCCESS;
            }
            usage_error(error)
        }
        ParseError::Config(failure) => {
            output::error(&output::sentence(failure.body()));
            failure.clone()
        }
    };
    if subcommand(arguments).is_some_and(|name| name == "cloneup") {
        cloneup::print_refusal(failure);
    }
    exit::INVALID
}

/// The first argument that is neither a flag nor the value of one: only `--config` may stand
/// before it and takes a value.
fn subcommand(arguments: &[OsString]) -> Option<&OsString> {
    let mut before = arguments.iter().skip(1);
    while let Some(argument) = before.next() {
        if argument == "--config" {
            before.next();
        } else if !argument.to_string_lossy().starts_with('-') {
            return Some(argument);
        }
    }
    None
}

/// clap's first line, and the argument it is about.
fn usage_error(error: &clap::Error) -> Failure {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let path = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => {
            argument.split([' ', '=', '[']).next().unwrap_or(argument).to_owned()
        }
        _ => ROOT_PATH.to_owned(),
    };
    Failure::usage(first.trim_start_matches("error: "), path)
}
