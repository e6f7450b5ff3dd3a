//! `synctool completions`: prints the script of a shell. The script and what it asks for are in
//! [`crate::cli::completion`].

use std::io;

use crate::cli::args::Shell;
use crate::cli::{completion, exit, output};
use crate::cloneup::Failure;

/// Runs the subcommand.
pub(in crate::cli) fn run(shell: Shell) -> Result<u8, Failure> {
    let script = completion::script(shell).map_err(|error| Failure::internal(error.to_string()))?;
    Ok(output::whole(&script, exit::SUCCESS))
}

/// Prints what a shell's script has asked for.
pub(in crate::cli) fn print(answer: io::Result<Vec<u8>>) -> u8 {
    match answer {
        Ok(text) => output::whole(&String::from_utf8_lossy(&text), exit::SUCCESS),
        Err(error) => {
            output::error(&error.to_string());
            exit::INVALID
        }
    }
}
