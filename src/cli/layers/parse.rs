//! Parses a command line with all its layers. What is done with a command line that cannot be parsed is
//! decided in [`crate::cli::run()`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command, FromArgMatches as _};

use super::config_file::{ConfigFile, ConfigNotes};
use super::definition::{command, parsed_command};
use super::mistaken::with_tip;
use super::variables::unknown_variables;
use crate::cli::args::Cli;
use crate::cloneup::{Failure, Failures};
use crate::protocol::ROOT_PATH;

/// Why a command line is not executed.
pub(in crate::cli) enum Refused {
    /// It asks for help or the version.
    Help(clap::Error),
    /// clap finds it invalid.
    Usage(clap::Error),
    /// The configuration file cannot be used.
    ConfigFile(Failures),
}

impl Refused {
    /// clap's error, with a tip where there is one.
    fn by_clap(error: clap::Error, arguments: &[OsString], definition: &Command) -> Self {
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Self::Help(error),
            _ => Self::Usage(with_tip(error, arguments, definition)),
        }
    }
}

/// Parses with all layers: flag, then environment, then file, then default. Also returns the matches of
/// the subcommand, which know the layer of each value. What a person should know of files and
/// variables is added to `notes`.
///
/// # Errors
/// [`Refused`] when help is asked for, or the command line or the configuration file is invalid.
pub(in crate::cli) fn parse(
    arguments: &[OsString],
    notes: &mut ConfigNotes,
) -> Result<(Cli, ArgMatches), Refused> {
    let (definition, mut matches) = matches_of(arguments, Ok)?;
    if let Some(option) = repeated_global(arguments) {
        return Err(Refused::Usage(repeated(option, &definition)));
    }
    // A shell's start file runs `completions` in any folder, so that no setting must disturb it.
    if matches.subcommand_name() != Some("completions") {
        notes.unknown_variables = unknown_variables(&definition);
        if let Some(file) =
            find_config(&matches, notes).map_err(|failure| Refused::ConfigFile(failure.into()))?
        {
            (_, matches) = matches_of(arguments, |command| file.apply(command))?;
        }
    }
    let cli = Cli::from_arg_matches(&matches);
    let cli = cli.map_err(|error| Refused::by_clap(error, arguments, &definition))?;
    // A subcommand of a subcommand reads its layers by itself.
    let (_, own) = matches.subcommand().expect("clap requires a subcommand");
    Ok((cli, own.clone()))
}

/// Parses with the definition that `layered` makes of the one without help; where that fails, of the whole one,
/// for its error. Also returns the definition.
fn matches_of(
    arguments: &[OsString],
    layered: impl Fn(Command) -> Result<Command, Failures>,
) -> Result<(Command, ArgMatches), Refused> {
    let layered = |command| layered(command).map_err(Refused::ConfigFile);
    let mut definition = layered(parsed_command())?;
    if let Ok(matches) = definition.try_get_matches_from_mut(arguments) {
        return Ok((definition, matches));
    }
    let mut definition = layered(command())?;
    match definition.try_get_matches_from_mut(arguments) {
        Ok(matches) => Ok((definition, matches)),
        Err(error) => Err(Refused::by_clap(error, arguments, &definition)),
    }
}

/// Parses the words of a command line that is still being typed, as far as they make sense, with all
/// layers. Returns the matches of the subcommand, or of the program where there is none yet, and the
/// configuration file.
pub(in crate::cli) fn parse_incomplete(words: &[String]) -> Option<(ArgMatches, Option<ConfigFile>)> {
    let lenient = || parsed_command().ignore_errors(true);
    let matches = lenient().try_get_matches_from(words).ok()?;
    let mut notes = ConfigNotes::default();
    let file = find_config(&matches, &mut notes)
        // The name of the profile may be what is still being typed.
        .or_else(|_| ConfigFile::find(named_config(&matches), None, &mut notes));
    let file = file.ok().flatten();
    let layered = file.as_ref().and_then(|file| file.apply(lenient()).ok());
    let layered = layered.and_then(|mut layered| layered.try_get_matches_from_mut(words).ok());
    let matches = layered.unwrap_or(matches);
    let own = matches.subcommand().map(|(_, own)| own.clone());
    Some((own.unwrap_or(matches), file))
}

/// The option of every command that is given twice. clap finds that out only where both are on the same side
/// of the subcommand.
fn repeated_global(arguments: &[OsString]) -> Option<&'static str> {
    let count = |option: &str| {
        let arguments = arguments.iter().map(|argument| argument.to_string_lossy());
        let options = arguments.take_while(|argument| argument != "--");
        options.filter(|argument| argument.split('=').next() == Some(option)).count()
    };
    ["--config", "--profile"].into_iter().find(|option| count(option) > 1)
}

/// clap's error for an argument that is given twice.
fn repeated(argument: &str, definition: &Command) -> clap::Error {
    let mut error = clap::Error::new(ErrorKind::ArgumentConflict).with_cmd(definition);
    for context in [ContextKind::InvalidArg, ContextKind::PriorArg] {
        error.insert(context, ContextValue::String(argument.to_owned()));
    }
    error
}

/// The configuration file, with the profile that a flag or the environment names.
fn find_config(matches: &ArgMatches, notes: &mut ConfigNotes) -> Result<Option<ConfigFile>, Failure> {
    let profile = matches.get_one::<String>("profile").filter(|name| !name.is_empty());
    ConfigFile::find(named_config(matches), profile.map(String::as_str), notes)
}

/// The path of the configuration file that a flag or the environment names.
fn named_config(matches: &ArgMatches) -> Option<PathBuf> {
    matches.get_one::<PathBuf>("config").cloned().filter(|path| !path.as_os_str().is_empty())
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
