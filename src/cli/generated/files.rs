//! The generated files: their paths, and writing and checking them. Their content is made in
//! [`super::tables`], [`super::man`] and `config_schema`.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Command, ValueEnum as _};

use super::config_schema::config_schema;
use super::man::pages;
use super::tables::{exit_statuses, options_of_cloneup, options_page};
use crate::cli::args::Shell;
use crate::cli::completion::script;
use crate::cli::layers::{bare_command, command};

/// Has two generated parts.
const README: &str = "README.md";

/// Every generated file: its path below the root of the repository, and its content. Of the README only
/// what is between the markers `<!-- generated: … -->` and `<!-- end generated -->` is generated.
///
/// # Errors
/// An [`io::Error`] when a page cannot be rendered, or the README below `root` cannot be read or lacks a
/// marker.
pub fn files(root: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    for &shell in Shell::value_variants() {
        files.push((Path::new("completions").join(completion_name(shell)), script(shell)?.into_bytes()));
    }
    let command = definition(command());
    for page in pages(&command)? {
        files.push((Path::new("man").join(format!("{}.1", page.name)), page.source.into_bytes()));
    }
    files.push(("docs/synctool.toml.schema.json".into(), config_schema(&command).into_bytes()));
    // The tables have a column for the defaults.
    let command = definition(bare_command());
    files.push(("docs/options.md".into(), options_page(&command).into_bytes()));
    let readme = std::fs::read_to_string(root.join(README))?;
    let readme = with_part(&readme, "options of cloneup", &options_of_cloneup(&command))?;
    let readme = with_part(&readme, "exit statuses", &exit_statuses())?;
    files.push((README.into(), readme.into_bytes()));
    Ok(files)
}

/// The paths of the files below `root` whose content is not the generated one.
///
/// # Errors
/// As [`files`].
pub fn stale(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut stale = Vec::new();
    for (path, text) in files(root)? {
        if std::fs::read(root.join(&path)).ok().as_ref() != Some(&text) {
            stale.push(path);
        }
    }
    Ok(stale)
}

/// Writes every generated file below `root`.
///
/// # Errors
/// As [`files`], and when a file cannot be written.
pub fn write(root: &Path) -> io::Result<()> {
    for (path, text) in files(root)? {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

/// A definition with a fixed width instead of the terminal's, and with global arguments in every
/// subcommand.
fn definition(command: Command) -> Command {
    let mut command = command.term_width(100);
    command.build();
    command
}

fn completion_name(shell: Shell) -> &'static str {
    match shell {
        Shell::Zsh => "_synctool",
        Shell::Fish => "synctool.fish",
        Shell::Powershell => "_synctool.ps1",
        Shell::Elvish => "synctool.elv",
        Shell::Bash => "synctool.bash",
    }
}

/// The text with another part between `<!-- generated: name -->` and the next `<!-- end generated -->`.
fn with_part(text: &str, name: &str, part: &str) -> io::Result<String> {
    let (begin, end) = (format!("<!-- generated: {name} -->\n"), "<!-- end generated -->");
    let replaced = text.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(end)?;
        Some(format!("{before}{begin}{part}{end}{after}"))
    });
    let missing = || io::Error::new(io::ErrorKind::InvalidData, format!("no part `{name}` in {README}"));
    replaced.ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_only_what_is_between_the_markers() {
        let text = "a\n<!-- generated: x -->\nold\n<!-- end generated -->\nb\n<!-- end generated -->\n";
        let expected = "a\n<!-- generated: x -->\nnew\n<!-- end generated -->\nb\n<!-- end generated -->\n";
        assert_eq!(with_part(text, "x", "new\n").unwrap(), expected);
        assert!(with_part(text, "y", "new\n").is_err());
    }
}
