//! The definition of the command line as clap sees it: the arguments of [`crate::cli::args`], with their
//! defaults in the help. The forms of the help are in [`super::help`]. How its values are layered is decided in
//! [`super::parse()`].

use std::ffi::OsStr;

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::defaults::default_text;
use super::help::{with_general_flags, with_help};
use crate::cli::args::Cli;

/// The command line's definition, from which help, completions and manual pages are made.
#[must_use]
pub fn command() -> Command {
    with_defaults(bare_command())
}

/// The definition without the defaults in the help.
pub(in crate::cli) fn bare_command() -> Command {
    with_help(parsed_command(), "")
}

/// The definition without all that only the help shows: to make that takes as long as to parse.
pub(super) fn parsed_command() -> Command {
    with_adapted_arguments(with_general_flags(Cli::command()))
}

/// Whether an argument is a switch that takes `true` or `false`.
pub(in crate::cli) fn is_switch(arg: &Arg) -> bool {
    arg.get_possible_values().iter().any(|value| value.get_name() == "true")
}

/// Whether an argument is one of every command, which no table and no configuration file has.
pub(in crate::cli) fn is_global(id: &str) -> bool {
    matches!(id, "help" | "version" | "config" | "profile")
}

/// Whether an argument is `--no-x` of a command that has `--x` too: it is the same option, which
/// documents and configuration file name by its positive form.
pub(in crate::cli) fn is_opposite(command: &Command, id: &str) -> bool {
    let positive = id.strip_prefix("no_");
    positive.is_some_and(|positive| command.get_arguments().any(|arg| arg.get_id() == positive))
}

fn with_adapted_arguments(command: Command) -> Command {
    command.mut_args(|arg| repeatable(without_environment(arg))).mut_subcommands(with_adapted_arguments)
}

/// The variables are named once below the options, instead of beside each.
fn without_environment(arg: Arg) -> Arg {
    // A variable that is set to nothing counts as not given.
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let arg = if arg.get_env().is_some_and(is_empty) { arg.env(None::<&str>) } else { arg };
    let arg = arg.hide_env(true);
    if is_switch(&arg) && arg.get_action().takes_values() { arg.hide_possible_values(true) } else { arg }
}

/// Lets a flag without a value be given twice, which means the same as once. With a value it is a usage
/// error (contract 3.10): one of the two values would be ignored.
fn repeatable(arg: Arg) -> Arg {
    match arg.get_action() {
        ArgAction::SetTrue => {
            let id = arg.get_id().clone();
            arg.overrides_with(id)
        }
        _ => arg,
    }
}

/// Appends ` [default: …]` to the help of every argument that has a default.
fn with_defaults(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let arg = |arg: Arg| match (default_text(&name, arg.get_id().as_str()), arg.get_help()) {
        (Some(default), Some(help)) => {
            let help = format!("{help} [default: {default}]");
            arg.help(help)
        }
        _ => arg,
    };
    command.mut_args(arg).mut_subcommands(with_defaults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_states_the_defaults() {
        let help = command().find_subcommand("cloneup").cloned().unwrap().render_long_help().to_string();
        for expected in ["[default: 100]", "[default: 1MiB]", "[default: 60s]", "[default: merge]"] {
            assert!(help.replace("\n          ", " ").contains(expected), "{expected}: {help}");
        }
    }
}
