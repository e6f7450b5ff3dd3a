//! The files that are generated from the command line's definition: shell completions and
//! manual pages. `cargo run --example generate` writes them, and checks them with `--check`.

use std::io;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_complete::Shell;

/// Every generated file: its path in the repository and what belongs in it.
///
/// # Errors
/// An [`io::Error`] when a page cannot be rendered.
pub fn files() -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
        let mut command = definition();
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command, "synctool", &mut text);
        files.push((Path::new("completions").join(completion_name(shell)), text));
    }
    let mut command = definition();
    command.build();
    pages(&command, &mut files)?;
    Ok(files)
}

/// The files below `root` that are not what they must be.
///
/// # Errors
/// An [`io::Error`] when a page cannot be rendered.
pub fn stale(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut stale = Vec::new();
    for (path, text) in files()? {
        if std::fs::read(root.join(&path)).ok().as_ref() != Some(&text) {
            stale.push(path);
        }
    }
    Ok(stale)
}

/// Writes every generated file below `root`.
///
/// # Errors
/// An [`io::Error`] when a file cannot be written.
pub fn write(root: &Path) -> io::Result<()> {
    for (path, text) in files()? {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

/// The definition without what depends on the machine.
fn definition() -> Command {
    super::command().term_width(100)
}

fn completion_name(shell: Shell) -> &'static str {
    match shell {
        Shell::Zsh => "_synctool",
        Shell::Fish => "synctool.fish",
        Shell::PowerShell => "_synctool.ps1",
        Shell::Elvish => "synctool.elv",
        _ => "synctool.bash",
    }
}

/// A page for the command and one for each of its subcommands.
fn pages(command: &Command, files: &mut Vec<(PathBuf, Vec<u8>)>) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    files.push((Path::new("man").join(format!("{name}.1")), text));
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        pages(subcommand, files)?;
    }
    Ok(())
}
