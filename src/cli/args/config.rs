//! The flags of `synctool config`. The subcommand is in `commands/config_show.rs`.

use clap::Args;

use super::common::Output;

/// Show the configuration
#[derive(Debug, Args)]
pub(in crate::cli) struct ConfigArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: ConfigCommand,
}

/// The subcommands of `config`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum ConfigCommand {
    /// List every value that cloneup would use, and where it comes from
    Show {
        /// Format of the result
        #[arg(long, value_enum, env = "SYNCTOOL_OUTPUT")]
        output: Option<Output>,
    },
}
