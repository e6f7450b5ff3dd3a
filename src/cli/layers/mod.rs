//! The layers of a command line: flag, then environment, then configuration file, then default
//! (contract 3).
//!
//! * [`defaults`]: the texts of all defaults, computed from the library's typed defaults;
//! * [`definition`]: the command line as clap sees it, with help and defaults;
//! * [`owner`]: the owner of a configuration file; another user's file is not read;
//! * [`config_file`]: `synctool.toml` as default values of that definition;
//! * [`parse`](mod@parse): parses with all layers;
//! * [`nearest`](mod@nearest): the name that was probably meant;
//! * [`shown`]: values as they may be shown, without secrets.

mod config_file;
mod defaults;
mod definition;
mod nearest;
mod owner;
mod parse;
mod shown;

pub(super) use config_file::{ConfigFile, ConfigNotes};
pub(super) use defaults::default_text;
pub use definition::command;
pub(super) use definition::{bare_command, is_global, is_opposite, is_switch};
pub(super) use nearest::nearest;
pub(super) use parse::{Refused, parse, usage_failure};
pub(super) use shown::{HIDDEN, changed_options, shown_value};
