//! Values that the definition of the command line does not have: the names of resources, from the schema
//! that the typed words lead to, and the profiles of the configuration file. Which of them fit at the
//! cursor is decided in [`super::answer`](mod@super::answer).

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use clap::{ArgMatches, Command};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::typed::Typed;
use crate::cli::layers::{ConfigFile, parse_incomplete};
use crate::cli::resolve;
use crate::offline::Database;

/// Maximum time for reading schema and configuration file: a locked database must not block the prompt.
const PATIENCE: Duration = Duration::from_secs(1);

/// The layers of the typed words: the subcommand's values, and the configuration file.
type Layers = (ArgMatches, Option<ConfigFile>);

/// The definition with the values that depend on what was typed.
pub(super) fn with_values(command: Command, typed: &Typed) -> Command {
    let command = with_candidates(command, "resources", &candidates(typed, resources));
    with_candidates(command, "profile", &candidates(typed, profiles))
}

/// Makes values the candidates of an argument, in each command that has it.
fn with_candidates(command: Command, id: &str, values: &ArgValueCandidates) -> Command {
    let command = command.mut_args(|arg| if arg.get_id() == id { arg.add(values.clone()) } else { arg });
    command.mut_subcommands(|subcommand| with_candidates(subcommand, id, values))
}

/// The values that `find` finds, without those that the list at the cursor has already. They are looked
/// for when an argument needs them.
fn candidates(typed: &Typed, find: fn(&Layers) -> Option<Vec<String>>) -> ArgValueCandidates {
    let typed = typed.clone();
    ArgValueCandidates::new(move || {
        let (sender, receiver) = mpsc::channel();
        let words = typed.words.clone();
        std::thread::spawn(move || {
            let found = parse_incomplete(&words).and_then(|layers| find(&layers));
            // The shell has stopped waiting for an answer that comes too late.
            let _ = sender.send(found.unwrap_or_default());
        });
        let values = receiver.recv_timeout(PATIENCE).unwrap_or_default().into_iter();
        let values = values.filter(|value| is_one_line(value) && !is_listed(value, typed.current()));
        values.map(CompletionCandidate::new).collect()
    })
}

/// Whether scripts can read the value, and a list of names can have it.
fn is_one_line(value: &str) -> bool {
    !value.contains(',') && !value.chars().any(char::is_control)
}

/// Whether a list has the value before its last item. The list may be one of `--flag=a,b`.
fn is_listed(value: &str, list: &str) -> bool {
    let list = if list.starts_with("--") { list.split_once('=').map_or("", |(_, list)| list) } else { list };
    list.rsplit_once(',').is_some_and(|(items, _)| items.split(',').any(|item| item == value))
}

/// The names of the resources that can be uploaded.
fn resources((values, _): &Layers) -> Option<Vec<String>> {
    let schema = resolve::schema(path(values, "schema").as_deref(), || {
        path(values, "db").map_or(Ok(None), |db| Database::open(&db)?.stored_schema())
    });
    let resources = schema.ok()?.resources.into_iter().filter(|resource| !resource.is_remote_only);
    Some(resources.map(|resource| resource.name).collect())
}

/// The names of the profiles.
fn profiles((_, file): &Layers) -> Option<Vec<String>> {
    Some(file.as_ref()?.profiles().to_vec())
}

/// The path that an option names. The shell has not replaced a leading `~` yet.
fn path(values: &ArgMatches, id: &str) -> Option<PathBuf> {
    let path = values.try_get_one::<PathBuf>(id).ok()??;
    match path.strip_prefix("~") {
        Ok(below) => Some(std::env::home_dir()?.join(below)),
        Err(_) => Some(path.clone()).filter(|path| path != Path::new("")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_its_items_but_the_last_one() {
        assert!(is_listed("a", "a,"));
        assert!(is_listed("b", "--resources=a,b,c"));
        for (value, list) in [("a", "a"), ("c", "a,b,c"), ("a", ""), ("a", "--resources=a"), ("ab", "a,b,")] {
            assert!(!is_listed(value, list), "{value} {list}");
        }
    }

    #[test]
    fn a_name_that_would_break_a_list_is_no_candidate() {
        assert!(is_one_line("to do"));
        assert!(!is_one_line("a,b") && !is_one_line("a\nb") && !is_one_line("a\u{9b}b"));
    }
}
