//! What `-h` and `--help` show. `-h` fits on a page: of a command with many options it describes the usual
//! ones and names the others. `--help` is complete. The definition that they are made from is in
//! [`super::definition`].

use clap::builder::Styles;
use clap::{Arg, ArgAction, Command};

use super::definition::is_opposite;
use super::examples::examples;
use crate::cli::args::GENERAL;
use crate::cli::exit;
use crate::cli::output::wrapped;

/// Column at which lines that clap does not wrap are wrapped.
pub(super) const WIDTH: usize = 80;

/// Maximum number of examples that `-h` shows.
const SHORT_EXAMPLES: usize = 3;

/// The options that `-h` describes, of the commands with more options than fit on a page. Of an option that
/// is on by default, the form that turns it off is the usual one.
const USUAL: [(&str, &[&str]); 4] = [
    (
        "cloneup",
        &[
            "db",
            "remote",
            "schema",
            "token_file",
            "resources",
            "batch_size",
            "no_fail_fast",
            "error_file",
            "no_pull_after",
            "verify",
            "dry_run",
            "output",
            "quiet",
        ],
    ),
    ("clone", &["db", "remote", "schema", "token_file", "output", "quiet"]),
    ("verify", &["db", "remote", "schema", "token_file", "resources", "output", "quiet"]),
    ("serve", &["schema", "data", "listen", "token_file", "quiet", "verbose"]),
];

const LAYERS: &str = "Every option can also come from the environment (--batch-size from SYNCTOOL_BATCH_SIZE)
or from synctool.toml (batch-size = 500). The token comes from SYNCTOOL_TOKEN, --token-file or
--token-command, never from an option itself.";

/// The flags that every command has, under a heading of their own after its options.
pub(super) fn with_general_flags(command: Command) -> Command {
    let flag = |id: &'static str| Arg::new(id).long(id).help_heading(GENERAL);
    let help = flag("help").short('h').action(ArgAction::Help).help("Print help; -h prints a summary");
    let version = flag("version").short('V').action(ArgAction::Version).help("Print the version");
    let command = command.version(env!("CARGO_PKG_VERSION"));
    let command = command.disable_help_flag(true).disable_version_flag(true).arg(help).arg(version);
    command.mut_subcommands(with_general_flags)
}

/// The command with both forms of its help, and those of its subcommands. `name` is its name without
/// `synctool`.
pub(super) fn with_help(command: Command, name: &str) -> Command {
    let command = with_short_help(command, name).after_long_help(after_long_help(name));
    command.mut_subcommands(|subcommand| {
        let name = format!("{name} {}", subcommand.get_name());
        with_help(subcommand, name.trim_start())
    })
}

fn with_short_help(command: Command, name: &str) -> Command {
    let usual = USUAL.iter().find(|(command, _)| *command == name).map(|(_, usual)| *usual);
    let more = usual.map_or(Vec::new(), |usual| others(&command, usual));
    let is_shown = |id: &str| match id {
        "help" => true,
        "version" => name.is_empty(),
        _ => usual.is_none_or(|usual| usual.contains(&id)),
    };
    command
        .mut_args(|arg| {
            let is_shown = is_shown(arg.get_id().as_str());
            arg.hide_short_help(!is_shown)
        })
        .after_help(after_short_help(name, &more))
}

/// The flags that `-h` only names. An option and its opposite are one.
fn others(command: &Command, usual: &[&str]) -> Vec<String> {
    let args = command.get_arguments().filter(|arg| !is_opposite(command, arg.get_id().as_str()));
    let others = args.filter_map(|arg| {
        let (id, long) = (arg.get_id().as_str(), arg.get_long()?);
        let opposite = format!("no_{id}");
        if matches!(id, "help" | "version") || usual.contains(&id) || usual.contains(&opposite.as_str()) {
            return None;
        }
        let has_opposite = command.get_arguments().any(|arg| arg.get_id() == opposite.as_str());
        Some(if has_opposite { format!("--[no-]{long}") } else { format!("--{long}") })
    });
    others.collect()
}

/// The other options and the examples, below the usual options.
fn after_short_help(name: &str, more: &[String]) -> String {
    let mut text = String::new();
    if !more.is_empty() {
        text.push_str(&heading("More options, which --help describes:"));
        text.extend(wrapped(&more.join(" "), WIDTH - 2).iter().map(|line| format!("  {line}\n")));
        text.push('\n');
    }
    let examples = examples(name);
    if !examples.is_empty() {
        text.push_str(&heading("Examples:"));
        text.extend(examples.iter().take(SHORT_EXAMPLES).map(|example| format!("  {}\n", example.line)));
    }
    text
}

/// Examples, exit statuses and layers, below the options.
fn after_long_help(name: &str) -> String {
    let mut text = String::new();
    let examples = examples(name);
    if !examples.is_empty() {
        text.push_str(&heading("Examples:"));
        text.extend(examples.iter().map(|example| format!("  {}:\n    {}\n", example.what, example.line)));
        text.push('\n');
    }
    text.push_str(&exit_statuses(name));
    if matches!(name, "cloneup" | "clone" | "verify" | "serve") {
        text.push('\n');
        text.push_str(&wrapped(LAYERS, WIDTH).join("\n"));
    }
    text
}

/// A line in the style of clap's own headings, which a terminal without styles never sees.
fn heading(text: &str) -> String {
    let styles = Styles::styled();
    let style = styles.get_header();
    format!("{style}{text}{style:#}\n")
}

fn exit_statuses(name: &str) -> String {
    let table = exit::table(name);
    let column = table.iter().map(|(status, _)| status.len()).max().unwrap_or(0);
    let mut text = heading("Exit status:");
    for (status, meaning) in table {
        let indent = column + 4;
        let lines = wrapped(meaning, WIDTH - indent).join(&format!("\n{:indent$}", ""));
        text.extend([format!("  {status:<column$}  {lines}\n")]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::layers::command;

    /// Maximum number of lines of `-h`.
    const PAGE: usize = 60;

    /// Every command as it is on a terminal of 80 columns.
    fn commands() -> Vec<Command> {
        let mut command = command().term_width(WIDTH);
        command.build();
        let mut commands = vec![command];
        let mut place = 0;
        while place < commands.len() {
            let subcommands: Vec<_> = commands[place].get_subcommands().cloned().collect();
            commands.extend(subcommands);
            place += 1;
        }
        commands
    }

    #[test]
    fn help_fits_80_columns() {
        for mut command in commands() {
            for help in [command.render_help(), command.render_long_help()] {
                for line in help.to_string().lines() {
                    assert!(line.chars().count() <= WIDTH, "{}: {line}", command.get_name());
                }
            }
        }
    }

    #[test]
    fn the_short_help_fits_on_a_page_and_names_every_option() {
        for mut command in commands() {
            let help = command.render_help().to_string();
            assert!(help.lines().count() <= PAGE, "{}: {help}", command.get_name());
            let longs = command.get_arguments().filter_map(Arg::get_long);
            for long in longs.filter(|long| *long != "version") {
                let name = long.strip_prefix("no-").unwrap_or(long);
                let forms = [format!("--{name}"), format!("--no-{name}"), format!("--[no-]{name}")];
                assert!(forms.iter().any(|form| help.contains(form)), "{}: --{long}", command.get_name());
            }
        }
    }

    #[test]
    fn the_long_help_describes_every_option() {
        for mut command in commands() {
            let help = command.render_long_help().to_string();
            for long in command.get_arguments().filter_map(Arg::get_long) {
                let is_described = help.lines().any(|line| {
                    let words = line.trim_start().split([' ', '[', '.']);
                    words.take(2).any(|word| word.strip_prefix("--") == Some(long))
                });
                assert!(is_described, "{}: --{long}", command.get_name());
            }
        }
    }

    #[test]
    fn the_usual_options_exist() {
        let command = command();
        for (name, usual) in USUAL {
            let Some(command) = command.find_subcommand(name) else { continue };
            for id in usual {
                assert!(command.get_arguments().any(|arg| arg.get_id() == *id), "{name}: {id}");
            }
        }
    }
}
