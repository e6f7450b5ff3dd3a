//! What a person types and sees: flags and their layers, progress, messages, exit statuses. The work
//! itself is done in [`crate::cloneup`] and, with the feature `serve`, in `crate::server`.
//!
//! [`run()`] is the whole program. [`command`] is the definition of the command line, from which help,
//! completions, manual pages and the tables of the documents are made ([`generated`]).
//!
//! ```
//! let help = synctool::cli::command().render_long_help().to_string();
//! assert!(help.contains("cloneup"));
//! ```
//!
//! Each part imports only from those before it in this list.
//!
//! * [`exit`]: the exit statuses; [`signals`]: SIGINT and SIGTERM; [`values`]: texts of durations, sizes
//!   and names, both ways; [`text_file`]: text in files, with or without a byte order mark; [`nearest`]:
//!   the name that was probably meant; [`written_file`]: files that are written as a whole.
//! * [`args`]: the flags as they were typed, one file a subcommand.
//! * [`output`]: everything that is printed, on stdout and stderr.
//! * [`error_file`]: rejected mutations, which one run writes and the next one reads.
//! * [`report_file`]: the file of a report; [`run_files`]: what is written when a run has ended.
//! * [`resolve`]: typed flags become validated settings.
//! * [`layers`]: flag, environment, file, default; the definition of the command line.
//! * [`completion`]: what could follow on a command line, for the scripts of shells.
//! * [`commands`]: what the subcommands do, one file each.
//! * [`generated`]: the generated files of the repository.
//! * [`run`](mod@run): parse, execute, report.

mod args;
mod commands;
mod completion;
mod error_file;
pub mod exit;
pub mod generated;
mod layers;
mod nearest;
mod output;
mod report_file;
mod resolve;
mod run;
mod run_files;
mod signals;
mod text_file;
mod values;
mod written_file;

pub use layers::command;
pub use run::run;
