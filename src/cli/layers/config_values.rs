//! The values of `synctool.toml`: they become the default values of the command line's definition, so that
//! clap itself decides which layer overrides which (contract 3: flag, environment, file, default). The file
//! is read in [`super::config_file`].

use clap::{Arg, ArgAction, Command, ValueHint};
use toml::Value;

use super::config_file::{ConfigFile, Entry, id_of};
use super::definition::{is_global, is_opposite, is_switch};
use crate::cli::nearest::nearest;
use crate::cloneup::{Failure, Failures};

impl ConfigFile {
    /// Makes the file's values the default values of the command's flags.
    ///
    /// # Errors
    /// [`Failures`] for all keys that no subcommand has, and all values that their flags do not take.
    pub(in crate::cli) fn apply(&self, mut command: Command) -> Result<Command, Failures> {
        let subcommands: Vec<String> =
            command.get_subcommands().map(|subcommand| subcommand.get_name().to_owned()).collect();
        let mut problems = Vec::new();
        for entry in self.entries() {
            let id = id_of(entry.key);
            let (mut is_known, mut problem) = (false, None);
            let arg_of = |name: &str| command.find_subcommand(name).and_then(|it| find(it, &id));
            // A list that a subcommand takes is nothing to those that take a single value of that name.
            let is_list =
                entry.value.is_array() && subcommands.iter().filter_map(|it| arg_of(it)).any(takes_list);
            for name in &subcommands {
                let arg = command.find_subcommand(name).and_then(|subcommand| find(subcommand, &id));
                let Some(arg) = arg else { continue };
                is_known = true;
                if is_list && !takes_list(arg) {
                    continue;
                }
                match self.values(&entry, arg) {
                    Ok(values) => {
                        command = command.mut_subcommand(name, |subcommand| {
                            subcommand.mut_arg(&id, |arg| arg.default_values(values))
                        });
                    }
                    Err(wrong) => problem = Some(wrong),
                }
            }
            if !is_known {
                problem = Some(self.unknown(&entry, &command));
            }
            problems.extend(problem);
        }
        if problems.is_empty() { Ok(command) } else { Err(Failures(problems)) }
    }

    /// A value as the flag's text; paths are relative to the file.
    fn values(&self, entry: &Entry<'_>, arg: &Arg) -> Result<Vec<String>, Failure> {
        let items = match entry.value {
            Value::Array(items) if takes_list(arg) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        let texts = items.iter().map(|item| {
            let text = text(item, arg).map_err(|what| self.wrong(entry.key, entry.line, &what))?;
            Ok(match arg.get_value_hint() {
                ValueHint::FilePath | ValueHint::DirPath if text != "-" => self.resolve(&text),
                _ => text,
            })
        });
        texts.collect()
    }

    fn unknown(&self, entry: &Entry<'_>, command: &Command) -> Failure {
        let wrong = |what: &str| self.wrong(entry.key, entry.line, what);
        let id = id_of(entry.key);
        if id == "token" {
            return wrong("does not belong in a file that others can read; use token-file");
        }
        let subcommands = || command.get_subcommands();
        let positive = id.strip_prefix("no_");
        if let Some(positive) = positive.filter(|id| subcommands().any(|it| find(it, id).is_some())) {
            return wrong(&format!("is written as `{} = false`", flag(positive)));
        }
        if entry.value.is_table() {
            return wrong("is a table: keys stand at the top level, or in [profile.NAME]");
        }
        let args = subcommands().flat_map(|subcommand| {
            let ids = subcommand.get_arguments().map(|arg| arg.get_id().as_str());
            ids.filter(|id| find(subcommand, id).is_some())
        });
        match nearest(&id, args) {
            Some(name) => wrong(&format!("is not known; is it meant to be `{}`?", flag(name))),
            None => wrong("is not known"),
        }
    }
}

fn takes_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// A single value as the flag's text.
fn text(value: &Value, arg: &Arg) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
            return Err("must be a single value".to_owned());
        }
    };
    if matches!(arg.get_action(), ArgAction::Count) && text.parse::<u8>().is_err() {
        return Err("must be a number from 0 to 255".to_owned());
    }
    let possible = arg.get_possible_values();
    if possible.is_empty() || possible.iter().any(|value| value.matches(&text, true)) {
        return Ok(text);
    }
    if is_switch(arg) {
        return Err("must be true or false".to_owned());
    }
    let names: Vec<_> = possible.iter().map(clap::builder::PossibleValue::get_name).collect();
    Err(format!("must be one of {}", names.join(", ")))
}

/// The argument of a key, if the file may set it.
fn find<'a>(command: &'a Command, id: &str) -> Option<&'a Arg> {
    if is_global(id) || is_opposite(command, id) {
        return None;
    }
    command.get_arguments().find(|arg| arg.get_id() == id && arg.get_long().is_some())
}

fn flag(id: &str) -> String {
    id.replace('_', "-")
}
