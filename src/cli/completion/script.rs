//! The scripts that complete command lines in a shell. All but the one of PowerShell ask this program,
//! which answers in [`super::answer`](mod@super::answer).

use std::io;

use clap_complete::aot;
use clap_complete::env::{Elvish, EnvCompleter, Fish, Zsh};

use super::bash::Bash;
use crate::cli::args::Shell;
use crate::cli::layers::{COMPLETE_VARIABLE, command};

/// The name of the program in scripts; the shell finds it in its `PATH`.
const PROGRAM: &str = "synctool";

/// Zsh loads a file of its `fpath` as the body of a function when it is first called: without this, the
/// first press of the key would only define the function.
const FIRST_CALL_OF_ZSH: &str = "if [[ ${funcstack[1]-} == _synctool ]]; then
    _clap_dynamic_completer_synctool \"$@\"
fi
";

/// The script for a shell.
///
/// # Errors
/// An [`io::Error`] when the script cannot be rendered.
pub(in crate::cli) fn script(shell: Shell) -> io::Result<String> {
    let mut text = Vec::new();
    match completer(shell) {
        Some(completer) => {
            completer.write_registration(COMPLETE_VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut text)?;
        }
        None => aot::generate(aot::PowerShell, &mut command(), PROGRAM, &mut text),
    }
    if shell == Shell::Zsh {
        text.extend_from_slice(FIRST_CALL_OF_ZSH.as_bytes());
    }
    String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// How a shell asks for completions and reads them. The adapter of `clap_complete` for PowerShell would
/// evaluate what was typed so far, so that shell has a script without values.
pub(super) fn completer(shell: Shell) -> Option<&'static dyn EnvCompleter> {
    match shell {
        Shell::Bash => Some(&Bash),
        Shell::Zsh => Some(&Zsh),
        Shell::Fish => Some(&Fish),
        Shell::Elvish => Some(&Elvish),
        Shell::Powershell => None,
    }
}
