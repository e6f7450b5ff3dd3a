//! `synctool config show`: every value that `cloneup` would use, and where it comes from.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use serde::Serialize;

use super::args::ConfigCommand;
use super::config::ConfigFile;
use super::output::Hints;
use super::table::Table;
use super::{command, exit, output, resolve};
use crate::cloneup::Failure;
use crate::protocol::ROOT_PATH;

/// The subcommand whose flags are shown.
const SUBCOMMAND: &str = "cloneup";

/// What stands for a value that nobody should see.
const HIDDEN: &str = "(hidden)";

/// A value and its origin.
#[derive(Debug, Serialize)]
struct Shown {
    key: String,
    /// `None` where there is neither a value nor a default.
    value: Option<String>,
    from: String,
}

/// Runs the subcommand.
pub(super) fn run(subcommand: &ConfigCommand, matches: &ArgMatches) -> u8 {
    let ConfigCommand::Show { output: format } = subcommand;
    let named = matches.try_get_one::<std::path::PathBuf>("config").ok().flatten().cloned();
    match collect(named.filter(|path| !path.as_os_str().is_empty())) {
        Ok(shown) => {
            match format {
                Some(format) => output::result(&shown, *format),
                None => tell(&shown),
            }
            exit::SUCCESS
        }
        Err(failure) => {
            output::failures(&[failure], Hints::Left);
            exit::INVALID
        }
    }
}

fn collect(named: Option<std::path::PathBuf>) -> Result<Vec<Shown>, Failure> {
    let file = ConfigFile::find(named)?;
    let layered = match &file {
        Some(file) => file.apply(command())?,
        None => command(),
    };
    let invalid = |error: clap::Error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Failure::usage(first, ROOT_PATH)
    };
    let matches = layered.clone().try_get_matches_from(["synctool", SUBCOMMAND]).map_err(invalid)?;
    let Some(values) = matches.subcommand_matches(SUBCOMMAND) else { return Ok(Vec::new()) };
    let place = file.map(|file| file.path().display().to_string());
    let flags = layered.find_subcommand(SUBCOMMAND).into_iter().flat_map(Command::get_arguments);
    let mut shown: Vec<_> = flags
        .filter(|arg| arg.get_long().is_some_and(|long| !long.starts_with("no-") && long != "config"))
        .filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version"))
        .map(|arg| show(arg, values, place.as_deref()))
        .collect();
    // A value of the file takes its flag out of the definition's order.
    shown.sort_by(|a, b| a.key.cmp(&b.key));
    shown.push(Shown {
        key: "token".to_owned(),
        value: resolve::has_token_variable().then(|| HIDDEN.to_owned()),
        from: if resolve::has_token_variable() { resolve::TOKEN_VARIABLE } else { "not set" }.to_owned(),
    });
    Ok(shown)
}

fn show(arg: &Arg, values: &ArgMatches, file: Option<&str>) -> Shown {
    let id = arg.get_id().as_str();
    let key = id.replace('_', "-");
    let raw = || {
        let values = values.get_raw(id).into_iter().flatten();
        values.map(|value| value.to_string_lossy().into_owned()).collect::<Vec<_>>().join(",")
    };
    let value = |from: String| {
        let value = match id {
            // A header is often a key, and a command may have one in it.
            "header" | "token_command" => HIDDEN.to_owned(),
            "remote" => without_password(&raw()),
            _ => raw(),
        };
        Shown { key: key.clone(), value: Some(value), from }
    };
    match values.value_source(id) {
        Some(ValueSource::EnvVariable) => {
            value(arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
        }
        // Flags that take nothing have a default of clap's own, which is off.
        Some(ValueSource::DefaultValue)
            if arg.get_action().takes_values() || !matches!(raw().as_str(), "false" | "0" | "") =>
        {
            value(file.unwrap_or_default().to_owned())
        }
        _ => Shown { key, value: default(arg), from: "default".to_owned() },
    }
}

/// A URL with its user and password hidden, if it has any.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) => format!("{scheme}://{HIDDEN}{}", &rest[at..]),
        None => url.to_owned(),
    }
}

/// The default that the help states.
pub(super) fn default(arg: &Arg) -> Option<String> {
    let help = arg.get_help()?.to_string();
    let (_, rest) = help.split_once("[default: ")?;
    rest.split_once(']').map(|(default, _)| default.to_owned())
}

fn tell(shown: &[Shown]) {
    let mut table = Table::new(&["key", "value", "from"]);
    for entry in shown {
        let value = entry.value.clone().unwrap_or_else(|| "-".to_owned());
        table.row([entry.key.clone(), value, entry.from.clone()]);
    }
    for line in table.lines() {
        output::text(&line);
    }
}
