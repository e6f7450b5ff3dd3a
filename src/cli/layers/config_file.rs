//! `synctool.toml`: finds and reads it. Whether a file may be read is decided in [`super::owner`].
//!
//! A table `[profile.NAME]` holds the keys of one profile, which come before the top-level keys (contract
//! 3.10). Its values become the default values of the command line's definition, so that clap itself decides
//! which layer overrides which (contract 3: flag, environment, file, default).

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command, ValueHint};
use toml::{Table, Value};

use super::definition::{is_global, is_opposite};
use super::nearest::nearest;
use super::owner::ForeignConfig;
use crate::cli::text_file;
use crate::cloneup::Failure;

/// The file's name in any folder.
const FILE_NAME: &str = "synctool.toml";

/// The key of the table that has a table for each profile.
const PROFILES: &str = "profile";

/// What the search for a configuration file found, for a person.
#[derive(Debug, Default)]
pub(in crate::cli) struct ConfigNotes {
    /// The file that is read.
    pub(in crate::cli) read: Option<PathBuf>,
    /// Files that are not read.
    pub(in crate::cli) refused: Vec<ForeignConfig>,
}

/// A configuration file that has been read.
pub(in crate::cli) struct ConfigFile {
    path: PathBuf,
    table: Table,
    /// The selected profile: its name and its keys.
    profile: Option<(String, Table)>,
}

impl ConfigFile {
    /// Reads the named file, or the nearest one upward from the working directory that belongs to the
    /// user or to root, with the keys of the named profile. What a person should know of the search is
    /// added to `notes`.
    ///
    /// # Errors
    /// A [`Failure`] when a file was named and cannot be read, is not TOML, or has no such profile.
    pub(in crate::cli) fn find(
        named: Option<PathBuf>,
        profile: Option<&str>,
        notes: &mut ConfigNotes,
    ) -> Result<Option<Self>, Failure> {
        let (path, text) = match named {
            Some(path) => {
                let text = text_file::read(&path);
                (path, text)
            }
            None => match nearest_file(notes) {
                Some(found) => found,
                None => return profile.map_or(Ok(None), |name| Err(no_file_for(name))),
            },
        };
        let text = text
            .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display()), "config"))?;
        notes.read = Some(path.clone());
        let mut table: Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            Failure::usage(format!("{}, line {line}: {}", path.display(), error.message()), "config")
        })?;
        let profiles = table.remove(PROFILES);
        let mut file = Self { path, table, profile: None };
        file.profile = profile.map(|name| file.profile_of(name, profiles.as_ref())).transpose()?;
        Ok(Some(file))
    }

    /// The keys of a profile, with its name.
    fn profile_of(&self, name: &str, profiles: Option<&Value>) -> Result<(String, Table), Failure> {
        let profiles = match profiles {
            None => &Table::new(),
            Some(Value::Table(profiles)) => profiles,
            Some(_) => return Err(self.wrong(PROFILES, "must be written as tables: [profile.NAME]")),
        };
        match profiles.get(name) {
            Some(Value::Table(keys)) => Ok((name.to_owned(), keys.clone())),
            Some(_) => Err(self.wrong(&format!("{PROFILES}.{name}"), "must be a table")),
            None => {
                let known = profiles.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                let known = if known.is_empty() { "no profiles".to_owned() } else { known };
                let path = self.path.display();
                Err(Failure::usage(
                    format!("{path}: there is no profile `{name}`; the file has {known}"),
                    PROFILES,
                ))
            }
        }
    }

    /// Where the value of an argument comes from, for a person: the file, and the profile if it is one of
    /// its keys.
    pub(in crate::cli) fn origin(&self, id: &str) -> String {
        let path = self.path.display();
        match &self.profile {
            Some((name, keys)) if keys.keys().any(|key| id_of(key) == id) => {
                format!("{path}, profile {name}")
            }
            _ => path.to_string(),
        }
    }

    /// All keys with their values: those of the profile, then the top-level keys that it lacks.
    fn entries(&self) -> impl Iterator<Item = (&String, &Value)> {
        let profile = self.profile.as_ref().map(|(_, keys)| keys);
        let is_in_profile =
            move |key: &String| profile.is_some_and(|keys| keys.keys().any(|own| id_of(own) == id_of(key)));
        profile.into_iter().flatten().chain(self.table.iter().filter(move |(key, _)| !is_in_profile(key)))
    }

    /// Makes the file's values the default values of the command's flags.
    ///
    /// # Errors
    /// A [`Failure`] for a key that no subcommand has, or a value that its flag does not take.
    pub(in crate::cli) fn apply(&self, mut command: Command) -> Result<Command, Failure> {
        let subcommands: Vec<String> =
            command.get_subcommands().map(|subcommand| subcommand.get_name().to_owned()).collect();
        for (key, value) in self.entries() {
            let id = id_of(key);
            let mut is_known = false;
            for name in &subcommands {
                let arg = command.find_subcommand(name).and_then(|subcommand| find(subcommand, &id));
                let Some(arg) = arg else { continue };
                is_known = true;
                let values = self.values(key, value, arg)?;
                command = command.mut_subcommand(name, |subcommand| {
                    subcommand.mut_arg(&id, |arg| arg.default_values(values))
                });
            }
            if !is_known {
                return Err(self.unknown(key, &command));
            }
        }
        Ok(command)
    }

    /// A value as the flag's text; paths are relative to the file.
    fn values(&self, key: &str, value: &Value, arg: &Arg) -> Result<Vec<String>, Failure> {
        let takes_list = matches!(arg.get_action(), ArgAction::Append);
        let items = match value {
            Value::Array(items) if takes_list => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        let possible = arg.get_possible_values();
        items
            .iter()
            .map(|item| {
                let text = match item {
                    Value::String(text) => text.clone(),
                    Value::Integer(number) => number.to_string(),
                    Value::Float(number) => number.to_string(),
                    Value::Boolean(flag) => flag.to_string(),
                    Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
                        return Err(self.wrong(key, "is not of the type that the flag takes"));
                    }
                };
                if matches!(arg.get_action(), ArgAction::Count) && text.parse::<u8>().is_err() {
                    return Err(self.wrong(key, "must be a small number"));
                }
                if !possible.is_empty() && !possible.iter().any(|value| value.matches(&text, true)) {
                    let names: Vec<_> = possible.iter().map(clap::builder::PossibleValue::get_name).collect();
                    return Err(self.wrong(key, &format!("must be one of {}", names.join(", "))));
                }
                Ok(match arg.get_value_hint() {
                    ValueHint::FilePath | ValueHint::DirPath if text != "-" => self.resolve(&text),
                    _ => text,
                })
            })
            .collect()
    }

    fn resolve(&self, text: &str) -> String {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        folder.join(text).to_string_lossy().into_owned()
    }

    fn wrong(&self, key: &str, what: &str) -> Failure {
        Failure::usage(format!("{}: `{key}` {what}", self.path.display()), key)
    }

    fn unknown(&self, key: &str, command: &Command) -> Failure {
        let id = id_of(key);
        if id == "token" {
            return self.wrong(key, "does not belong in a file that others can read; use token-file");
        }
        let known = || command.get_subcommands().flat_map(Command::get_arguments);
        if let Some(positive) = id.strip_prefix("no_")
            && known().any(|arg| arg.get_id() == positive)
        {
            return self.wrong(key, &format!("is written as `{} = false`", flag(positive)));
        }
        match nearest(&id, known().map(|arg| arg.get_id().as_str())) {
            Some(name) => self.wrong(key, &format!("is not known; is it meant to be `{}`?", flag(name))),
            None => self.wrong(key, "is not known"),
        }
    }
}

/// The argument of a key, if the file may set it.
fn find<'a>(command: &'a Command, id: &str) -> Option<&'a Arg> {
    if is_global(id) || is_opposite(command, id) {
        return None;
    }
    command.get_arguments().find(|arg| arg.get_id() == id && arg.get_long().is_some())
}

/// The id of the argument that a key names.
fn id_of(key: &str) -> String {
    key.replace('-', "_")
}

/// The failure of a profile without a file.
fn no_file_for(profile: &str) -> Failure {
    let message = format!(
        "the profile `{profile}` is a table [profile.{profile}] of a configuration file: there is no {FILE_NAME} \
         in this folder or above, and --config names none"
    );
    Failure::usage(message, PROFILES)
}

fn flag(id: &str) -> String {
    id.replace('_', "-")
}

/// The path and text of the nearest file that may be read. A file that may not be read is added to
/// `notes`, and the search continues above it.
fn nearest_file(notes: &mut ConfigNotes) -> Option<(PathBuf, io::Result<String>)> {
    let here = std::env::current_dir().ok()?;
    for path in here.ancestors().map(|folder| folder.join(FILE_NAME)).filter(|path| path.is_file()) {
        match read_own(&path) {
            Ok(FoundFile::Own(text)) => return Some((path, Ok(text))),
            Ok(FoundFile::Foreign(foreign)) => notes.refused.push(foreign),
            Err(error) => return Some((path, Err(error))),
        }
    }
    None
}

/// A configuration file on the way upward.
enum FoundFile {
    /// The text of a file that belongs to the user or to root.
    Own(String),
    /// A file that belongs to another user.
    Foreign(ForeignConfig),
}

/// Reads a file, unless it belongs to another user. The owner is checked again once the file is open,
/// because the path may refer to another file by then.
fn read_own(path: &Path) -> io::Result<FoundFile> {
    if let Some(foreign) = ForeignConfig::at(path)? {
        return Ok(FoundFile::Foreign(foreign));
    }
    let mut file = File::open(path)?;
    if let Some(foreign) = ForeignConfig::opened(path, &file.metadata()?) {
        return Ok(FoundFile::Foreign(foreign));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    text_file::from_bytes(bytes).map(FoundFile::Own)
}
