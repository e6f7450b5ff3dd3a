//! Bash: the script, and how it reads an answer. The adapter of `clap_complete` does not know that bash
//! splits words at `=` and `:`, and inserts names unquoted.
//!
//! The script passes what [`Typed::of_bash`] reads. The answer has one candidate a line, after lines with
//! options for `compopt`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::engine;
use clap_complete::env::EnvCompleter;

use super::quoting::is_plain;
use super::typed::Typed;

/// From bash 3.2 on: no arrays read by `mapfile`, and `compopt` and `nosort` only where there are.
const SCRIPT: &str = r#"# Completions of BIN for bash.
_NAME() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case "$line" in
            option:*) compopt -o "${line#option:}" 2>/dev/null ;;
            *) COMPREPLY+=("$line") ;;
        esac
    done < <(VAR=bash COMPLETER -- "$COMP_CWORD" "$2" "$COMP_LINE" "${COMP_WORDS[@]}" 2>/dev/null)
}
complete -o nosort -F _NAME BIN 2>/dev/null || complete -F _NAME BIN
"#;

/// The adapter for bash.
#[derive(Debug)]
pub(super) struct Bash;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == self.name()
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let script = SCRIPT.replace("COMPLETER", completer).replace("VAR", var);
        buf.write_all(script.replace("NAME", name).replace("BIN", bin).as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        arguments: Vec<OsString>,
        folder: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let Some(typed) = Typed::of_bash(&arguments) else { return Ok(()) };
        let words = typed.words.iter().map(OsString::from).collect();
        let candidates = engine::complete(command, words, typed.index, folder)?;
        let names = candidates.iter().filter_map(|candidate| candidate.get_value().to_str());
        let mut names: Vec<&str> = names.filter_map(|name| name.get(typed.kept..)).collect();
        // Options are listed once a person has typed the first `-`, where there is anything else.
        if typed.current().is_empty() && names.iter().any(|name| !name.starts_with('-')) {
            names.retain(|name| !name.starts_with('-'));
        }
        if names.iter().any(|name| !is_plain(name) || name.contains('/')) {
            // Bash quotes what needs it.
            writeln!(buf, "option:filenames")?;
        }
        if names.iter().any(|name| name.ends_with('/')) {
            writeln!(buf, "option:nospace")?;
        }
        for name in names {
            writeln!(buf, "{name}")?;
        }
        Ok(())
    }
}
