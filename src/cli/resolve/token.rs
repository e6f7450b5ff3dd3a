//! Where the token comes from (contract 3): a file, a variable or a command. It never comes from a
//! flag or a configuration file, which other users can read.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::cli::text_file::{self, NotUtf8};
use crate::secret::Secret;

/// The environment variable that holds the token.
pub(in crate::cli) const TOKEN_VARIABLE: &str = "SYNCTOOL_TOKEN";

/// Why there is no token although one is asked for. Nothing that a file, variable or command contains
/// is part of a message.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    #[error("{TOKEN_VARIABLE} is not UTF-8")]
    VariableNotUtf8,
    #[error("{TOKEN_VARIABLE} holds nothing but spaces")]
    VariableBlank,
    #[error("cannot read the token file {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the token file {} is empty", .0.display())]
    FileEmpty(PathBuf),
    #[error("the token command cannot be run: {0}")]
    Command(#[source] io::Error),
    #[error("the token command failed ({0})")]
    CommandFailed(ExitStatus),
    #[error("what the token command printed cannot be used: {0}")]
    CommandNotUtf8(#[source] NotUtf8),
    #[error("the token command printed nothing")]
    CommandEmpty,
}

impl TokenError {
    /// The name of the option in a result.
    pub(super) fn path(&self) -> &'static str {
        match self {
            Self::VariableNotUtf8 | Self::VariableBlank | Self::File { .. } | Self::FileEmpty(_) => {
                "tokenFile"
            }
            Self::Command(_) | Self::CommandFailed(_) | Self::CommandNotUtf8(_) | Self::CommandEmpty => {
                "tokenCommand"
            }
        }
    }
}

/// Whether the environment holds a token.
pub(in crate::cli) fn has_token_variable() -> bool {
    std::env::var_os(TOKEN_VARIABLE).is_some_and(|value| !value.is_empty())
}

/// The token: from a file that a flag names, else from the environment, else from a file that the
/// environment or the configuration file names, else from a command. An empty variable is none.
pub(super) fn token(
    file: Option<&Path>,
    command: Option<&str>,
    matches: &ArgMatches,
) -> Result<Option<Secret>, TokenError> {
    let file = file.filter(|path| !path.as_os_str().is_empty());
    let is_flag = matches.value_source("token_file") == Some(ValueSource::CommandLine);
    if has_token_variable() && !is_flag {
        let text = std::env::var(TOKEN_VARIABLE).map_err(|_| TokenError::VariableNotUtf8)?;
        return not_blank(&text).ok_or(TokenError::VariableBlank).map(Some);
    }
    if let Some(path) = file {
        let text =
            text_file::read(path).map_err(|source| TokenError::File { path: path.to_owned(), source })?;
        return not_blank(&text).ok_or_else(|| TokenError::FileEmpty(path.to_owned())).map(Some);
    }
    command.filter(|command| !command.trim().is_empty()).map(printed_by).transpose()
}

/// The token that a command prints. Its errors go to the terminal; what it prints is never shown.
fn printed_by(command: &str) -> Result<Secret, TokenError> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let output = Command::new(shell)
        .args([flag, command])
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(TokenError::Command)?;
    if !output.status.success() {
        return Err(TokenError::CommandFailed(output.status));
    }
    let text = text_file::decode(output.stdout).map_err(TokenError::CommandNotUtf8)?;
    not_blank(&text).ok_or(TokenError::CommandEmpty)
}

fn not_blank(text: &str) -> Option<Secret> {
    let text = text_file::without_mark(text).trim();
    (!text.is_empty()).then(|| Secret::new(text))
}
