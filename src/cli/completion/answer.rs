//! Answers a shell that asks what could follow on a command line. Its script is in
//! [`super::script`](mod@super::script).

use std::ffi::OsString;
use std::io;

use clap::ValueEnum as _;
use clap_complete::env::EnvCompleter;

use super::script::completer;
use super::typed::{Quoted, Typed};
use super::values::with_values;
use crate::cli::args::Shell;
use crate::cli::layers::{COMPLETE_VARIABLE, command};

/// The variable with which the scripts of `clap_complete` pass the place of the word at the cursor.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";

/// What a shell's script reads, if the environment says that it is one that runs this program; `arguments`
/// begin with the program, and have the typed words after `--`.
///
/// # Errors
/// An [`io::Error`] for a shell whose script does not ask.
pub(in crate::cli) fn answer(arguments: &[OsString]) -> Option<io::Result<Vec<u8>>> {
    let shell = std::env::var(COMPLETE_VARIABLE).ok().filter(|name| !name.is_empty())?;
    let shell = Shell::from_str(&shell, true).ok();
    let Some((shell, completer)) = shell.and_then(|shell| Some((shell, completer(shell)?))) else {
        return Some(Err(io::Error::other(format!(
            "{COMPLETE_VARIABLE} names no shell that asks for completions"
        ))));
    };
    let words = arguments.iter().skip_while(|argument| *argument != "--").skip(1).cloned();
    Some(candidates(shell, completer, words.collect()))
}

fn candidates(shell: Shell, completer: &dyn EnvCompleter, words: Vec<OsString>) -> io::Result<Vec<u8>> {
    let index = place_of_cursor().unwrap_or(words.len().saturating_sub(1));
    let (typed, words) = match shell {
        // Its adapter joins the words by itself.
        Shell::Bash => (Typed::of_bash(&words).unwrap_or_default(), words),
        Shell::Zsh => unquoted(&words, index, Quoted::All),
        Shell::Fish => unquoted(&words, index, Quoted::Current),
        Shell::Elvish | Shell::Powershell => unquoted(&words, index, Quoted::Nothing),
    };
    let mut command = with_values(command(), &typed);
    let mut text = Vec::new();
    let folder = std::env::current_dir().ok();
    completer.write_complete(&mut command, words, folder.as_deref(), &mut text)?;
    Ok(text)
}

/// The words without quotes, also as the adapters of `clap_complete` take them.
fn unquoted(words: &[OsString], index: usize, quoted: Quoted) -> (Typed, Vec<OsString>) {
    let typed = Typed::new(words, index, quoted);
    let words = typed.words.iter().map(OsString::from).collect();
    (typed, words)
}

/// The place of the word at the cursor, where the shell's script passes it.
fn place_of_cursor() -> Option<usize> {
    std::env::var(INDEX).ok()?.parse().ok()
}
