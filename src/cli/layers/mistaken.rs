//! What a person probably meant by a subcommand that does not exist, or by an option of another subcommand.
//! clap suggests names that are spelled in a similar way by itself.

use std::ffi::{OsStr, OsString};

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

/// Names that other tools have for a subcommand: its parent, its own name, and the others.
const OTHER_NAMES: [(&str, &str, &[&str]); 9] = [
    ("", "cloneup", &["upload", "push", "sync", "send", "copy", "import", "migrate", "backup"]),
    ("", "verify", &["compare", "diff"]),
    ("", "inspect", &["show", "status", "info", "ls", "list"]),
    ("", "serve", &["server", "start", "listen"]),
    ("", "schema infer", &["infer", "init"]),
    ("", "schema check", &["check", "validate", "lint"]),
    ("schema", "schema infer", &["create", "generate", "guess", "init", "show"]),
    ("schema", "schema check", &["lint", "test", "validate", "verify"]),
    ("config", "config show", &["get", "list", "ls", "print"]),
];

/// The subcommand that the arguments name: the first argument after the program that is neither a flag nor
/// the value of one. Of the flags before it only `--config` takes a value.
pub(in crate::cli) fn subcommand(arguments: &[OsString]) -> Option<&OsStr> {
    let mut arguments = arguments.iter().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            arguments.next();
        } else if !argument.to_string_lossy().starts_with('-') {
            return Some(argument);
        }
    }
    None
}

/// The error with a tip about what was probably meant.
pub(super) fn with_tip(mut error: clap::Error, arguments: &[OsString], definition: &Command) -> clap::Error {
    let tip = match error.kind() {
        ErrorKind::InvalidSubcommand => meant_subcommand(&error, arguments),
        ErrorKind::UnknownArgument => meant_option(&error, arguments, definition),
        _ => None,
    };
    if let Some(tip) = tip {
        // clap's own suggestion would be a name that is only spelled in a similar way.
        error.remove(ContextKind::SuggestedSubcommand);
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
    error
}

fn meant_subcommand(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let name = text(error, ContextKind::InvalidSubcommand)?;
    let first = subcommand(arguments)?.to_str()?;
    let parent = if first == name || first == "help" { "" } else { first };
    let (_, meant, _) = OTHER_NAMES
        .iter()
        .find(|(of, _, names)| *of == parent && names.contains(&name.to_lowercase().as_str()))?;
    Some(format!("`synctool {meant}` does this"))
}

/// How to give what an unknown option seems to be for.
fn meant_option(error: &clap::Error, arguments: &[OsString], definition: &Command) -> Option<String> {
    let option = text(error, ContextKind::InvalidArg)?.strip_prefix("--")?.split([' ', '=']).next()?;
    if option == "token" {
        return Some("the token comes from SYNCTOOL_TOKEN, --token-file or --token-command".to_owned());
    }
    let own = subcommand(arguments).and_then(|name| definition.find_subcommand(name));
    if own.is_some_and(|own| own.get_positionals().any(|arg| arg.get_id() == option)) {
        return Some(format!("the value is given without `--{option}`"));
    }
    let has_option =
        |command: &&Command| command.get_arguments().filter_map(Arg::get_long).any(|long| long == option);
    let owners = definition.get_subcommands().filter(has_option);
    let owners: Vec<_> = owners.map(|owner| format!("`synctool {}`", owner.get_name())).collect();
    (!owners.is_empty()).then(|| format!("`--{option}` is an option of {}", owners.join(" and ")))
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}
