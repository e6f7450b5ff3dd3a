//! `synctool config show`: every value that `cloneup` would use, and the layer that it comes from. How
//! layers override each other is decided in [`crate::cli::layers`].

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};
use serde::Serialize;

use crate::cli::args::ConfigCommand;
use crate::cli::layers::{
    ConfigFile, ConfigNotes, HIDDEN, command, default_text, is_global, is_opposite, shown_value,
    usage_failure,
};
use crate::cli::output::{self, Table};
use crate::cli::{exit, resolve};
use crate::cloneup::{Failure, Failures};

/// The subcommand whose options are shown.
const SUBCOMMAND: &str = "cloneup";

/// A value and its origin.
#[derive(Debug, Serialize)]
struct Shown {
    key: String,
    /// `None` where there is neither a value nor a default.
    value: Option<String>,
    from: String,
}

/// Runs the subcommand.
pub(in crate::cli) fn run(
    subcommand: &ConfigCommand,
    config: Option<PathBuf>,
    profile: Option<&str>,
) -> Result<u8, Failure> {
    let ConfigCommand::Show { output: format } = subcommand;
    let config = config.filter(|path| !path.as_os_str().is_empty());
    let shown = collect(config, profile.filter(|name| !name.is_empty()))?;
    if let Some(format) = format {
        return Ok(output::result(&shown, *format, exit::SUCCESS));
    }
    Ok(print(&shown))
}

fn collect(named: Option<PathBuf>, profile: Option<&str>) -> Result<Vec<Shown>, Failure> {
    // Files that are not read were named when this command line was parsed.
    let file = ConfigFile::find(named, profile, &mut ConfigNotes::default())?;
    let layered = match &file {
        Some(file) => file.apply(command()).map_err(|Failures(mut failures)| failures.swap_remove(0))?,
        None => command(),
    };
    let matches = layered.clone().try_get_matches_from(["synctool", SUBCOMMAND]);
    let matches = matches.map_err(|error| usage_failure(&error))?;
    let values = matches.subcommand_matches(SUBCOMMAND).expect("the command line has this subcommand");
    let definition = layered.find_subcommand(SUBCOMMAND).expect("the definition has this subcommand");
    let mut shown: Vec<_> = definition
        .get_arguments()
        .filter(|arg| arg.get_long().is_some() && !is_opposite(definition, arg.get_id().as_str()))
        .filter(|arg| !is_global(arg.get_id().as_str()))
        .map(|arg| show(arg, values, file.as_ref()))
        .collect();
    // A value of the file moves its argument to the end of the definition.
    shown.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    shown.push(token());
    Ok(shown)
}

fn token() -> Shown {
    let is_set = resolve::has_token_variable();
    Shown {
        key: "token".to_owned(),
        value: is_set.then(|| HIDDEN.to_owned()),
        from: if is_set { resolve::TOKEN_VARIABLE } else { "not set" }.to_owned(),
    }
}

/// An option; `file` is the configuration file, if there is one.
fn show(arg: &Arg, values: &ArgMatches, file: Option<&ConfigFile>) -> Shown {
    let id = arg.get_id().as_str();
    let key = id.replace('_', "-");
    let value = |from: String| Shown { key: key.clone(), value: Some(shown_value(id, values)), from };
    match (values.value_source(id), arg.get_env(), file) {
        (Some(ValueSource::EnvVariable), Some(variable), _) => value(variable.to_string_lossy().into_owned()),
        // A flag that takes no value has a default of clap's own, which is off.
        (Some(ValueSource::DefaultValue), _, Some(file))
            if arg.get_action().takes_values()
                || !matches!(shown_value(id, values).as_str(), "false" | "0" | "") =>
        {
            value(file.origin(id))
        }
        _ => Shown { key, value: default_text(SUBCOMMAND, id), from: "default".to_owned() },
    }
}

fn print(shown: &[Shown]) -> u8 {
    let mut table = Table::new(&["key", "value", "from"]);
    for entry in shown {
        let value = entry.value.clone().unwrap_or_else(|| "-".to_owned());
        table.row([entry.key.clone(), value, entry.from.clone()]);
    }
    output::text(&table.lines(), exit::SUCCESS)
}
