//! The files that are generated from the command line's definition: shell completions,
//! manual pages, the table of options, and the JSON Schema of the configuration file. `cargo run --example generate` writes them, and checks them with `--check`.

use std::io;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command};
use clap_complete::Shell;
use serde_json::json;

use super::config_show::default;

/// Every generated file: its path in the repository and what belongs in it.
///
/// # Errors
/// An [`io::Error`] when a page cannot be rendered.
pub fn files() -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
        let mut command = definition();
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command, "synctool", &mut text);
        files.push((Path::new("completions").join(completion_name(shell)), text));
    }
    let mut command = definition();
    command.build();
    pages(&command, &mut files)?;
    files.push(("docs/options.md".into(), options(&command).into_bytes()));
    files.push(("docs/synctool.toml.schema.json".into(), config_schema(&command).into_bytes()));
    Ok(files)
}

/// The files below `root` that are not what they must be.
///
/// # Errors
/// An [`io::Error`] when a page cannot be rendered.
pub fn stale(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut stale = Vec::new();
    for (path, text) in files()? {
        if std::fs::read(root.join(&path)).ok().as_ref() != Some(&text) {
            stale.push(path);
        }
    }
    Ok(stale)
}

/// Writes every generated file below `root`.
///
/// # Errors
/// An [`io::Error`] when a file cannot be written.
pub fn write(root: &Path) -> io::Result<()> {
    for (path, text) in files()? {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

/// The definition without what depends on the machine.
fn definition() -> Command {
    super::command().term_width(100)
}

fn completion_name(shell: Shell) -> &'static str {
    match shell {
        Shell::Zsh => "_synctool",
        Shell::Fish => "synctool.fish",
        Shell::PowerShell => "_synctool.ps1",
        Shell::Elvish => "synctool.elv",
        _ => "synctool.bash",
    }
}

/// A page for the command and one for each of its subcommands.
fn pages(command: &Command, files: &mut Vec<(PathBuf, Vec<u8>)>) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    files.push((Path::new("man").join(format!("{name}.1")), text));
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        pages(subcommand, files)?;
    }
    Ok(())
}

/// The flags of a subcommand that have a place in a table.
fn flags(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    let flags = command.get_arguments().filter_map(|arg| Some((arg.get_long()?, arg)));
    flags.filter(|(long, _)| !matches!(*long, "help" | "version") && !long.starts_with("no-"))
}

/// A page with a table of flags for each subcommand.
fn options(command: &Command) -> String {
    let mut page = "# Options\n\nEvery flag can come from the command line, from its variable, or from `synctool.toml` \
        (with the flag's\nname as the key), in this order. A switch is turned off with `--no-…` or `=false`.\n"
        .to_owned();
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        let rows: Vec<_> = flags(subcommand).filter(|(long, _)| *long != "config").collect();
        if rows.is_empty() {
            continue;
        }
        let name = subcommand.get_name();
        page.extend([format!(
            "\n## synctool {name}\n\n| flag | variable | default | meaning |\n| --- | --- | --- | --- |\n"
        )]);
        for (long, arg) in rows {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let meaning = help.split(" [default: ").next().unwrap_or_default().replace('|', "\\|");
            let variable =
                arg.get_env().map(|name| format!("`{}`", name.to_string_lossy())).unwrap_or_default();
            let default = default(arg).unwrap_or_default();
            page.extend([format!("| `--{long}` | {variable} | {default} | {meaning} |\n")]);
        }
    }
    page
}

/// What `synctool.toml` may hold: the flags of all subcommands by their names.
fn config_schema(command: &Command) -> String {
    let mut properties = serde_json::Map::new();
    for subcommand in command.get_subcommands() {
        for (long, arg) in flags(subcommand).filter(|(long, _)| *long != "config") {
            let is_switch = arg.get_possible_values().iter().any(|value| value.get_name() == "true");
            let text = json!({"type": ["string", "integer"]});
            let mut property = match arg.get_action() {
                _ if is_switch => json!({"type": "boolean"}),
                ArgAction::Append => {
                    json!({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]})
                }
                ArgAction::Count => json!({"type": "integer", "minimum": 0}),
                _ if arg.get_possible_values().is_empty() => text,
                _ => {
                    json!({"enum": arg.get_possible_values().iter().map(PossibleValue::get_name).collect::<Vec<_>>()})
                }
            };
            property["description"] = json!(arg.get_help().map(ToString::to_string));
            properties.insert(long.to_owned(), property);
        }
    }
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "synctool.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    format!("{schema:#}\n")
}
