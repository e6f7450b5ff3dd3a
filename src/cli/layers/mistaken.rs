//! Tips below clap's errors: what a person probably meant by a subcommand, option or value that does not
//! belong where it is, and which variable an invalid value comes from. clap suggests names that are spelled
//! in a similar way by itself.

use std::ffi::{OsStr, OsString};

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use super::definition::is_switch;

/// Names that other tools have for a subcommand: its parent, its own name, and the others.
const OTHER_NAMES: [(&str, &str, &[&str]); 12] = [
    ("", "cloneup", &["upload", "push", "sync", "send", "copy", "import", "migrate", "backup"]),
    ("", "clone", &["download", "pull", "fetch", "export", "restore"]),
    ("", "verify", &["compare", "diff"]),
    ("", "inspect", &["show", "status", "info", "ls", "list"]),
    ("", "merge-results", &["merge", "combine"]),
    ("", "report", &["summary", "summarize", "html"]),
    ("", "serve", &["server", "start", "listen"]),
    ("", "schema infer", &["infer", "init"]),
    ("", "schema check", &["check", "validate", "lint"]),
    ("schema", "schema infer", &["create", "generate", "guess", "init", "show"]),
    ("schema", "schema check", &["lint", "test", "validate", "verify"]),
    ("config", "config show", &["get", "list", "ls", "print"]),
];

/// The subcommand that the arguments name: the first argument after the program that is neither a flag nor
/// the value of one. Of the flags before it only `--config` and `--profile` take a value.
pub(in crate::cli) fn subcommand(arguments: &[OsString]) -> Option<&OsStr> {
    let mut arguments = arguments.iter().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--config" || argument == "--profile" {
            arguments.next();
        } else if !argument.to_string_lossy().starts_with('-') {
            return Some(argument);
        }
    }
    None
}

/// The error with a tip about what was probably meant.
pub(super) fn with_tip(mut error: clap::Error, arguments: &[OsString], definition: &Command) -> clap::Error {
    let line = InvalidLine { arguments, own: own_definition(arguments, definition), definition };
    let tip =
        match error.kind() {
            ErrorKind::InvalidSubcommand => {
                text(&error, ContextKind::InvalidSubcommand).and_then(|name| line.meant_subcommand(name))
            }
            ErrorKind::UnknownArgument => text(&error, ContextKind::InvalidArg).and_then(|argument| {
                match argument.strip_prefix("--").and_then(|option| option.split([' ', '=']).next()) {
                    Some(option) => line.meant_option(option),
                    None if argument.starts_with('-') => line.long_option(),
                    None => line.meant_value(argument),
                }
            }),
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
                text(&error, ContextKind::InvalidArg).and_then(|argument| line.variable(argument))
            }
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

/// The definition of the subcommand that the arguments name, or else of the program.
fn own_definition<'d>(arguments: &[OsString], definition: &'d Command) -> &'d Command {
    subcommand(arguments).and_then(|name| definition.find_subcommand(name)).unwrap_or(definition)
}

/// A command line that clap does not accept.
struct InvalidLine<'t> {
    arguments: &'t [OsString],
    /// The definition of its subcommand.
    own: &'t Command,
    definition: &'t Command,
}

impl InvalidLine<'_> {
    /// The subcommand that does what other tools have another name for.
    fn meant_subcommand(&self, name: &str) -> Option<String> {
        let first = subcommand(self.arguments)?.to_str()?;
        let parent = if first == name || first == "help" { "" } else { first };
        let name = name.to_lowercase();
        let (_, meant, _) =
            OTHER_NAMES.iter().find(|(of, _, names)| *of == parent && names.contains(&name.as_str()))?;
        Some(format!("`synctool {meant}` does this"))
    }

    /// How to give what an unknown option seems to be for.
    fn meant_option(&self, option: &str) -> Option<String> {
        if option == "token" {
            let ways = "the token comes from SYNCTOOL_TOKEN, --token-file or --token-command";
            return Some(ways.to_owned());
        }
        if self.own.get_positionals().any(|arg| arg.get_id() == option) {
            return Some(format!("the value is given without `--{option}`"));
        }
        let owners = self.definition.get_subcommands().filter(|command| has_option(command, option));
        let owners: Vec<_> = owners.map(|owner| format!("`synctool {}`", owner.get_name())).collect();
        let (last, others) = owners.split_last()?;
        let owners =
            if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) };
        Some(format!("`--{option}` is an option of {owners}"))
    }

    /// The option that was typed with one dash.
    fn long_option(&self) -> Option<String> {
        let mut typed = self.arguments.iter().filter_map(|argument| argument.to_str()?.strip_prefix('-'));
        let option = typed.find(|option| option.len() > 1 && has_option(self.own, option))?;
        Some(format!("is it meant to be `--{option}`?"))
    }

    /// How to give a value that stands alone.
    fn meant_value(&self, value: &str) -> Option<String> {
        let place = self.arguments.iter().position(|argument| argument == value)?;
        let before = self.arguments[..place].last()?.to_str()?;
        if let Some(option) = before.strip_prefix("--")
            && self.own.get_arguments().any(|arg| arg.get_long() == Some(option) && is_switch(arg))
        {
            return Some(format!("a value follows `=`, as in `{before}={value}`"));
        }
        has_option(self.own, "db").then(|| format!("`--db {value}` names a database"))
    }

    /// The variable that an invalid value comes from; `argument` is the option as clap shows it.
    fn variable(&self, argument: &str) -> Option<String> {
        let option = argument.strip_prefix("--")?.split([' ', '=', '[', '.']).next()?;
        let arg = self.own.get_arguments().find(|arg| arg.get_long() == Some(option))?;
        let is_own = |argument: &str| {
            let long = argument.strip_prefix("--").and_then(|text| text.split('=').next());
            let short = argument.strip_prefix('-').and_then(|text| text.chars().next());
            long == Some(option) || (short.is_some() && short == arg.get_short())
        };
        let is_typed = self.arguments.iter().filter_map(|argument| argument.to_str()).any(is_own);
        let variable = arg.get_env().filter(|name| !is_typed && std::env::var_os(name).is_some())?;
        Some(format!("the value comes from the variable {}", variable.to_string_lossy()))
    }
}

fn has_option(command: &Command, option: &str) -> bool {
    command.get_arguments().filter_map(Arg::get_long).any(|long| long == option)
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}
