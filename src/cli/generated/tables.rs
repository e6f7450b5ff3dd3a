//! Tables of options and exit statuses in Markdown. The definition that they are made from has no
//! defaults in its help texts: those have their own column. Where the tables are written is decided in
//! [`super::files`](mod@super::files).

use std::fmt::Write as _;

use clap::builder::PossibleValue;
use clap::{Arg, Command};

use crate::cli::exit;
use crate::cli::layers::{default_text, is_global, is_opposite, is_switch};

/// A page with a table of options for each subcommand.
pub(super) fn options_page(command: &Command) -> String {
    let mut page = "# Options\n\nEvery option can come from the command line, from its variable, or from \
        `synctool.toml` (with the flag's\nname as the key), in this order. A switch is turned off with \
        `--no-…` or `=false`.\n"
        .to_owned();
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        let rows: Vec<_> = flags(subcommand).collect();
        if rows.is_empty() {
            continue;
        }
        let name = subcommand.get_name();
        let head = "| flag | variable | default | meaning |\n| --- | --- | --- | --- |\n";
        page.extend([format!("\n## synctool {name}\n\n{head}")]);
        for (long, arg) in rows {
            let variable = arg.get_env().map(|variable| code(&variable.to_string_lossy()));
            let variable = variable.unwrap_or_default();
            let (default, meaning) = default_and_meaning(name, arg);
            page.extend([format!("| `--{long}` | {variable} | {default} | {meaning} |\n")]);
        }
    }
    page
}

/// The table of the options of `cloneup`, with the values that they take.
pub(super) fn options_of_cloneup(command: &Command) -> String {
    let mut table = "| flag | default | meaning |\n| --- | --- | --- |\n".to_owned();
    for (long, arg) in command.find_subcommand("cloneup").into_iter().flat_map(flags) {
        let flag = match value(arg) {
            Some(value) => format!("--{long} {value}"),
            None => format!("--{long}"),
        };
        let flag = match arg.get_short() {
            Some(short) => format!("-{short}, {flag}"),
            None => flag,
        };
        let (default, meaning) = default_and_meaning("cloneup", arg);
        table.extend([format!("| {} | {default} | {meaning} |\n", code(&flag))]);
    }
    table
}

/// The table of the exit statuses.
pub(super) fn exit_statuses() -> String {
    let mut table = "| status | meaning |\n| --- | --- |\n".to_owned();
    for (status, meaning) in exit::table("cloneup") {
        writeln!(table, "| {status} | {meaning} |").expect("a String takes any text");
    }
    table
}

/// The flags of a subcommand that belong in a table, with their names.
pub(super) fn flags(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    let flags = command.get_arguments().filter_map(|arg| Some((arg.get_long()?, arg)));
    flags.filter(|(long, arg)| !is_global(long) && !is_opposite(command, arg.get_id().as_str()))
}

/// The values that an option takes: all of them, or what they are.
fn value(arg: &Arg) -> Option<String> {
    if !arg.get_action().takes_values() || is_switch(arg) {
        return None;
    }
    let possible = arg.get_possible_values();
    if !possible.is_empty() {
        return Some(possible.iter().map(PossibleValue::get_name).collect::<Vec<_>>().join("|"));
    }
    let name = arg.get_value_names()?.first()?.as_str();
    Some(if name.contains(' ') { format!("'{name}'") } else { name.to_owned() })
}

fn default_and_meaning(command: &str, arg: &Arg) -> (String, String) {
    let meaning = arg.get_help().map(ToString::to_string).unwrap_or_default();
    (default_text(command, arg.get_id().as_str()).unwrap_or_default(), meaning.replace('|', "\\|"))
}

/// Code in a cell of a table, where a bar must be escaped.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}
