//! `synctool.toml`: finds and reads it. Whether a file may be read is decided in [`super::owner`]; what its
//! values mean, in [`super::config_values`].
//!
//! A table `[profile.NAME]` holds the keys of one profile, which come before the top-level keys (contract
//! 3.10).

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::owner::ForeignConfig;
use super::variables::UnknownVariable;
use crate::cli::text_file;
use crate::cloneup::Failure;

/// The file's name in any folder.
const FILE_NAME: &str = "synctool.toml";

/// The key of the table that has a table for each profile.
const PROFILES: &str = "profile";

/// What a person should know of the configuration file and of the environment.
#[derive(Debug, Default)]
pub(in crate::cli) struct ConfigNotes {
    /// The file that is read.
    pub(in crate::cli) read: Option<PathBuf>,
    /// Files that are not read.
    pub(in crate::cli) refused: Vec<ForeignConfig>,
    /// Variables that are not read.
    pub(in crate::cli) unknown_variables: Vec<UnknownVariable>,
}

/// A key of the file that is used.
pub(super) struct Entry<'f> {
    pub(super) key: &'f str,
    pub(super) value: &'f Value,
    /// The number of its line.
    pub(super) line: Option<usize>,
}

/// A configuration file that has been read.
pub(in crate::cli) struct ConfigFile {
    path: PathBuf,
    table: Table,
    /// The numbers of the lines with the keys, those in a profile as `profile.NAME.KEY`.
    lines: HashMap<String, usize>,
    /// The names of all profiles.
    profiles: Vec<String>,
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
        let all = profiles.as_ref().and_then(Value::as_table).into_iter().flatten();
        let all = all.map(|(name, _)| name.clone()).collect();
        let lines = key_lines(&text);
        let mut file = Self { path, table, lines, profiles: all, profile: None };
        file.profile = profile.map(|name| file.profile_of(name, profiles.as_ref())).transpose()?;
        Ok(Some(file))
    }

    /// The keys of a profile, with its name.
    fn profile_of(&self, name: &str, profiles: Option<&Value>) -> Result<(String, Table), Failure> {
        let profiles = match profiles {
            None => &Table::new(),
            Some(Value::Table(profiles)) => profiles,
            Some(_) => {
                return Err(self.wrong(
                    PROFILES,
                    self.line(PROFILES),
                    "must be written as tables: [profile.NAME]",
                ));
            }
        };
        match profiles.get(name) {
            Some(Value::Table(keys)) => Ok((name.to_owned(), keys.clone())),
            Some(_) => {
                let key = format!("{PROFILES}.{name}");
                Err(self.wrong(&key, self.line(&key), "must be a table"))
            }
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

    /// All keys that are used: those of the profile, then the top-level keys that it lacks.
    pub(super) fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        if let Some((name, keys)) = &self.profile {
            entries.extend(keys.iter().map(|(key, value)| {
                let line = self.line(&format!("{PROFILES}.{name}.{key}"));
                Entry { key, value, line }
            }));
        }
        for (key, value) in &self.table {
            if !entries.iter().any(|entry| id_of(entry.key) == id_of(key)) {
                entries.push(Entry { key, value, line: self.line(key) });
            }
        }
        entries
    }

    /// The number of the line with a key.
    fn line(&self, key: &str) -> Option<usize> {
        self.lines.get(key).copied()
    }

    /// A path in the file, which is relative to the file's folder.
    pub(super) fn resolve(&self, text: &str) -> String {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        folder.join(text).to_string_lossy().into_owned()
    }

    /// The names of all profiles.
    pub(in crate::cli) fn profiles(&self) -> &[String] {
        &self.profiles
    }

    /// What is wrong with a key.
    pub(super) fn wrong(&self, key: &str, line: Option<usize>, what: &str) -> Failure {
        let line = line.map_or_else(String::new, |line| format!(", line {line}"));
        Failure::usage(format!("{}{line}: `{key}` {what}", self.path.display()), key)
    }
}

/// The numbers of the lines with the keys of a text that is TOML.
fn key_lines(text: &str) -> HashMap<String, usize> {
    let mut lines = HashMap::new();
    if let Ok(table) = DeTable::parse(text) {
        add_lines(text, table.get_ref(), "", &mut lines);
    }
    lines
}

/// Adds the lines of a table's keys, and of those of the tables in it; `prefix` leads to the table.
fn add_lines(text: &str, table: &DeTable<'_>, prefix: &str, lines: &mut HashMap<String, usize>) {
    for (key, value) in table {
        let path = format!("{prefix}{}", key.get_ref());
        if let DeValue::Table(below) = value.get_ref() {
            add_lines(text, below, &format!("{path}."), lines);
        }
        lines.insert(path, text[..key.span().start].matches('\n').count() + 1);
    }
}

/// The id of the argument that a key names.
pub(super) fn id_of(key: &str) -> String {
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
