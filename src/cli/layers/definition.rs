//! The definition of the command line as clap sees it: the arguments of [`crate::cli::args`], with their
//! defaults in the help and the exit statuses below it. How its values are layered is decided in
//! [`super::parse()`].

use std::ffi::OsStr;

use clap::{Arg, Command, CommandFactory as _};

use super::defaults::default_text;
use crate::cli::args::Cli;
use crate::cli::exit;
use crate::cli::output::wrapped;

/// Column at which lines that clap does not wrap are wrapped.
const WIDTH: usize = 80;

const LAYERS: &str = "Every option can also come from the environment (--batch-size from SYNCTOOL_BATCH_SIZE)
or from synctool.toml (batch-size = 500). The token comes from SYNCTOOL_TOKEN, --token-file or
--token-command, never from an option itself.";

/// The command line's definition, from which help, completions and manual pages are made.
#[must_use]
pub fn command() -> Command {
    with_defaults(bare_command())
}

/// The definition without the defaults in the help.
pub(in crate::cli) fn bare_command() -> Command {
    // `mut_subcommand` would move the subcommand to the end.
    without_environment_in_help(Cli::command()).mut_subcommands(|subcommand| match subcommand.get_name() {
        "cloneup" => subcommand.after_help(after_help()),
        _ => subcommand,
    })
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

/// The variables are named once below the options, instead of beside each.
fn without_environment_in_help(command: Command) -> Command {
    let arg = |arg: Arg| {
        // A variable that is set to nothing counts as not given.
        let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
        let arg = if arg.get_env().is_some_and(is_empty) { arg.env(None::<&str>) } else { arg };
        let arg = arg.hide_env(true);
        if is_switch(&arg) && arg.get_action().takes_values() { arg.hide_possible_values(true) } else { arg }
    };
    command.mut_args(arg).mut_subcommands(without_environment_in_help)
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

/// The exit statuses and the layers, below the options.
fn after_help() -> String {
    let table = exit::table();
    let column = table.iter().map(|(status, _)| status.len()).max().unwrap_or(0);
    let mut text = "Exit status:\n".to_owned();
    for (status, meaning) in table {
        let indent = column + 4;
        let lines = wrapped(meaning, WIDTH - indent).join(&format!("\n{:indent$}", ""));
        text.extend([format!("  {status:<column$}  {lines}\n")]);
    }
    text.push('\n');
    text.push_str(&wrapped(LAYERS, WIDTH).join("\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_fits_80_columns() {
        let mut command = command().term_width(WIDTH);
        command.build();
        let mut commands = vec![command];
        while let Some(mut command) = commands.pop() {
            for help in [command.render_help(), command.render_long_help()] {
                for line in help.to_string().lines() {
                    assert!(line.chars().count() <= WIDTH, "{}: {line}", command.get_name());
                }
            }
            commands.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn help_states_the_defaults() {
        let help = command().find_subcommand("cloneup").cloned().unwrap().render_help().to_string();
        for expected in ["[default: 100]", "[default: 1MiB]", "[default: 60s]", "[default: merge]"] {
            assert!(help.replace("\n          ", " ").contains(expected), "{expected}: {help}");
        }
    }
}
