//! Environment variables that look like those of options but are not: a typo in a variable would otherwise
//! go unnoticed. The variables of options are part of the definition ([`super::definition`]).

use std::ffi::OsString;
use std::fmt;

use clap::Command;

use crate::cli::nearest::nearest;
use crate::cli::resolve::TOKEN_VARIABLE;

/// The beginning of the names of all variables.
const PREFIX: &str = "SYNCTOOL_";

/// The variable with which the scripts of shells ask for completions; it names the shell.
pub(in crate::cli) const COMPLETE_VARIABLE: &str = "SYNCTOOL_COMPLETE";

/// Variables that belong to no option. `SYNCTOOL_FAILPOINT` exists in debug builds, for tests.
const OTHERS: [&str; 3] = [TOKEN_VARIABLE, COMPLETE_VARIABLE, "SYNCTOOL_FAILPOINT"];

/// A variable that nothing reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct UnknownVariable {
    name: String,
    /// The variable that was probably meant.
    meant: Option<String>,
}

/// The variables of the environment that begin like those of options but belong to none. A variable that
/// is set to nothing counts as not set.
pub(super) fn unknown_variables(command: &Command) -> Vec<UnknownVariable> {
    unknown(std::env::vars_os(), command)
}

fn unknown(variables: impl Iterator<Item = (OsString, OsString)>, command: &Command) -> Vec<UnknownVariable> {
    let mut known = OTHERS.map(str::to_owned).to_vec();
    add_variables(command, &mut known);
    let unknown = variables.filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|_| !value.is_empty())?;
        let own = name.strip_prefix(PREFIX)?;
        if known.contains(&name) {
            return None;
        }
        let meant = nearest(own, known.iter().filter_map(|known| known.strip_prefix(PREFIX)));
        let meant = meant.map(|meant| format!("{PREFIX}{meant}"));
        Some(UnknownVariable { name, meant })
    });
    let mut unknown: Vec<_> = unknown.collect();
    unknown.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    unknown
}

/// Adds the variables of a command's options and of those of its subcommands.
fn add_variables(command: &Command, variables: &mut Vec<String>) {
    let names = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str());
    variables.extend(names.map(str::to_owned));
    for subcommand in command.get_subcommands() {
        add_variables(subcommand, variables);
    }
}

impl fmt::Display for UnknownVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the variable {} is not read, because no option has this name", self.name)?;
        match &self.meant {
            Some(meant) => write!(f, "; is it meant to be {meant}?"),
            None => write!(f, "; `synctool help cloneup` lists the options"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::layers::command;

    #[test]
    fn a_variable_of_no_option_is_named_with_the_nearest_one() {
        let variables = [
            ("SYNCTOOL_BACH_SIZE", "5"),
            ("SYNCTOOL_BATCH_SIZE", "5"),
            ("SYNCTOOL_NO_PULL_AFTER", "1"),
            ("SYNCTOOL_TOKEN", "secret"),
            ("SYNCTOOL_CONFIG", "x"),
            ("SYNCTOOL_RESUORCES", ""),
            ("SYNCTOOL_QQQ", "secret"),
            ("HOME", "/"),
        ];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let found = unknown(variables.into_iter(), &command());
        let named: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.meant.as_deref())).collect();
        assert_eq!(named, [("SYNCTOOL_BACH_SIZE", Some("SYNCTOOL_BATCH_SIZE")), ("SYNCTOOL_QQQ", None)]);
        assert!(!found.iter().any(|it| it.to_string().contains("secret")));
    }
}
