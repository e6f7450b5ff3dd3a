//! The whole program: parses a command line, executes its subcommand, and reports what went wrong. What a
//! subcommand does is in [`super::commands`].

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::ArgMatches;

use super::args::{Cli, Subcommand};
use super::commands::{
    clone, cloneup, completions, config_show, inspect, merge_results, report as report_command, schema,
    verify,
};
#[cfg(feature = "serve")]
use super::commands::{demo, serve};
use super::completion;
use super::exit::{self, SIGINT};
use super::layers::{ConfigNotes, Refused, parse, subcommand, usage_failure};
use super::output::{self, Hints};
use crate::cloneup::{Failure, Failures, most_severe};

/// Runs a command line, with the program's name as its first argument, and returns how the process is
/// to exit.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(answer) = completion::answer(&arguments) {
        return ExitCode::from(completions::print(answer));
    }
    let mut notes = ConfigNotes::default();
    let status = match parse(&arguments, &mut notes) {
        Ok((cli, matches)) => {
            print_notes(&notes, cli.command.is_quiet(), cli.command.is_verbose());
            let hints = Hints::unless(cli.command.is_quiet());
            execute(cli, &matches).unwrap_or_else(|failures| report(&failures, hints))
        }
        Err(refused) => {
            print_notes(&notes, is_quiet(&arguments), false);
            refuse(refused, &arguments)
        }
    };
    ExitCode::from(status)
}

/// Prints which configuration files and variables are not read, and which file is.
fn print_notes(notes: &ConfigNotes, is_quiet: bool, is_verbose: bool) {
    if is_quiet {
        return;
    }
    for foreign in &notes.refused {
        output::warning(&foreign.to_string());
    }
    for unknown in &notes.unknown_variables {
        output::warning(&unknown.to_string());
    }
    if let Some(path) = notes.read.as_ref().filter(|_| is_verbose) {
        output::line(&format!("configuration file: {}", output::escaped(&path.to_string_lossy())));
    }
}

/// Executes the subcommand; `matches` are its own.
fn execute(cli: Cli, matches: &ArgMatches) -> Result<u8, Failures> {
    let status: Result<u8, Failure> = match cli.command {
        Subcommand::Cloneup(args) => Ok(cloneup::run(*args, matches)),
        Subcommand::Clone(args) => Ok(clone::run(*args, matches)),
        Subcommand::Completions(args) => completions::run(args.shell),
        Subcommand::Config(args) => config_show::run(&args.command, cli.config, cli.profile.as_deref()),
        Subcommand::Inspect(args) => inspect::run(&args),
        Subcommand::MergeResults(args) => Ok(merge_results::run(&args)),
        Subcommand::Report(args) => return report_command::run(&args),
        Subcommand::Schema(args) => schema::run(&args.command),
        Subcommand::Verify(args) => Ok(verify::run(&args, matches)),
        #[cfg(feature = "serve")]
        Subcommand::Serve(args) => serve::run(&args, matches),
        #[cfg(feature = "serve")]
        Subcommand::Demo(args) => demo::run(&args),
    };
    Ok(status?)
}

/// Prints failures; returns the exit status.
fn report(Failures(failures): &Failures, hints: Hints) -> u8 {
    output::failures(failures, hints);
    exit::status(most_severe(failures), SIGINT)
}

/// Prints help, or what is wrong with a command line; `cloneup` and `clone` print a result too. Returns the
/// exit status.
fn refuse(refused: Refused, arguments: &[OsString]) -> u8 {
    let (failures, messages, usage) = match refused {
        Refused::Help(help) => {
            return output::unless_unwritten(exit::SUCCESS, help.print(), "the help could not be written");
        }
        Refused::Usage(error) => {
            let failure = usage_failure(&error);
            let messages = vec![failure.body().message.clone()];
            (failure.into(), messages, Some(error).filter(|_| !is_quiet(arguments)))
        }
        Refused::ConfigFile(failures) => {
            let messages = failures.0.iter().map(|failure| output::sentence(failure.body())).collect();
            (failures, messages, None)
        }
    };
    // The words come last, below the result.
    let status = match subcommand(arguments).and_then(OsStr::to_str) {
        Some("cloneup") => cloneup::print_refusal(failures),
        Some("clone") => clone::print_refusal(failures),
        _ => exit::INVALID,
    };
    match usage {
        // A closed stderr leaves no place for a message.
        Some(error) => drop(error.print()),
        None => messages.iter().for_each(|message| output::error(message)),
    }
    status
}

/// Whether an invalid command line asks for errors alone.
fn is_quiet(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument == "-q" || argument == "--quiet")
}
