//! The values of options as they may be shown: in a list of settings, or in an event file that others
//! read. Where they are shown is decided by the commands.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches};

use super::defaults::default_text;
use super::definition::bare_command;

/// Replaces values that may contain a secret.
pub(in crate::cli) const HIDDEN: &str = "(hidden)";

/// The value of an option as it was given, several with commas, without secrets.
pub(in crate::cli) fn shown_value(id: &str, values: &ArgMatches) -> String {
    let values = values.get_raw(id).into_iter().flatten();
    let raw = values.map(|value| value.to_string_lossy().into_owned()).collect::<Vec<_>>().join(",");
    match id {
        // A header is often a key, and a command may have one in it.
        "header" | "token_command" => HIDDEN.to_owned(),
        "remote" | "proxy" => without_password(&raw),
        _ => raw,
    }
}

/// Every option of a subcommand whose value is not its default, by its flag, without secrets.
pub(in crate::cli) fn changed_options(command: &str, values: &ArgMatches) -> Vec<(String, String)> {
    let definition = bare_command();
    let Some(definition) = definition.find_subcommand(command) else { return Vec::new() };
    let is_changed = |arg: &&Arg| {
        let id = arg.get_id().as_str();
        // A value of the configuration file is a default value of clap's.
        let is_set = match (values.value_source(id), arg.get_action()) {
            (None, _) => false,
            (Some(ValueSource::DefaultValue), ArgAction::SetTrue | ArgAction::Count) => {
                !matches!(shown_value(id, values).as_str(), "false" | "0")
            }
            (Some(_), _) => !shown_value(id, values).is_empty(),
        };
        is_set && default_text(command, id).is_none_or(|default| default != shown_value(id, values))
    };
    let changed = definition.get_arguments().filter(is_changed).filter_map(|arg| {
        // Beyond the origin and the path, a URL may have a key in it.
        let value = shown_value(arg.get_id().as_str(), values);
        let value = match value.split_once('?').filter(|(before, _)| before.contains("://")) {
            Some((before, _)) => format!("{before}?{HIDDEN}"),
            None => value,
        };
        Some((arg.get_long()?.to_owned(), value))
    });
    changed.collect()
}

/// A URL with its user and password hidden, if it has any.
fn without_password(url: &str) -> String {
    // A proxy needs no scheme.
    let start = url.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = url.split_at(start);
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    if let Some(at) = rest[..authority].rfind('@') {
        return format!("{scheme}{HIDDEN}{}", &rest[at..]);
    }
    // A password that should have been escaped, such as `a/b`, ends what looks like the authority.
    let has_port = |(_, port): (&str, &str)| port.bytes().all(|byte| byte.is_ascii_digit());
    let is_cut = rest.contains('@') && !rest[..authority].rsplit_once(':').is_none_or(has_port);
    if is_cut { HIDDEN.to_owned() } else { url.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::layers::command;

    #[test]
    fn changed_options_are_those_that_differ_from_their_defaults_without_secrets() {
        let arguments = [
            "synctool",
            "cloneup",
            "--db=app.db",
            "--remote=https://user:s3cr3t@h/datafn?key=s3cr3t",
            "--header=X-Key: s3cr3t",
            "--token-command=echo s3cr3t",
            "--batch-size=500",
            "--max-retries=3",
            "--no-pull-after",
            "--fail-fast=false",
            "-vv",
        ];
        let matches = command().try_get_matches_from(arguments).unwrap();
        let changed = changed_options("cloneup", matches.subcommand_matches("cloneup").unwrap());
        let changed: Vec<_> = changed.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(
            changed,
            [
                "db=app.db",
                "remote=https://(hidden)@h/datafn?(hidden)",
                "token-command=(hidden)",
                "header=(hidden)",
                "batch-size=500",
                "fail-fast=false",
                "no-pull-after=true",
                "verbose=2",
            ]
        );
    }
}
