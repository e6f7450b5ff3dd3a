//! The layers of a command line: flag, then environment, then configuration file, then default
//! (contract 3).
//!
//! * [`defaults`]: the texts of all defaults, computed from the library's typed defaults;
//! * [`definition`]: the command line as clap sees it, with help and defaults; [`help`]: what `-h` and
//!   `--help` show; [`examples`](mod@examples): their examples;
//! * [`owner`]: the owner of a configuration file; another user's file is not read;
//! * [`config_file`]: `synctool.toml`; [`config_values`]: its values as default values of that definition;
//! * [`parse`](mod@parse): parses with all layers;
//! * [`variables`]: environment variables that belong to no option;
//! * [`mistaken`]: what an unknown subcommand or option probably means;
//! * [`shown`]: values as they may be shown, without secrets.

mod config_file;
mod config_values;
mod defaults;
mod definition;
mod examples;
mod help;
mod mistaken;
mod owner;
mod parse;
mod shown;
mod variables;

pub(super) use config_file::{ConfigFile, ConfigNotes};
pub(super) use defaults::default_text;
pub use definition::command;
pub(super) use definition::{bare_command, is_global, is_opposite, is_switch};
pub(super) use examples::examples;
pub(super) use mistaken::subcommand;
pub(super) use parse::{Refused, parse, parse_incomplete, usage_failure};
pub(super) use shown::{HIDDEN, changed_options, shown_value};
pub(super) use variables::COMPLETE_VARIABLE;
