//! The arguments of `synctool completions`. The subcommand is in `commands/completions.rs`.

use clap::{Args, ValueEnum};

/// Print completions for a shell
///
/// The script completes subcommands, options and files; in all shells but PowerShell also the
/// names of resources in the schema and the profiles in synctool.toml.
#[derive(Debug, Args)]
pub(in crate::cli) struct CompletionsArgs {
    /// The shell that will load the script
    #[arg(value_enum)]
    pub(in crate::cli) shell: Shell,
}

/// The shells that have completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(in crate::cli) enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}
