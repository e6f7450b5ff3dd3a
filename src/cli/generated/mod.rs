//! The files of the repository that are generated from the definition of the command line: shell
//! completions, manual pages, the tables of options and exit statuses, and the JSON Schema of the
//! configuration file. `cargo run --example generate` writes them, and checks them with `--check`.
//!
//! [`tables`], [`config_schema`](mod@config_schema), [`man`] and [`man_notes`] make the content,
//! [`files`](mod@files) has the paths, and writes and checks the files.
//!
//! ```
//! let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
//! assert!(synctool::cli::generated::stale(root)?.is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```

mod config_schema;
mod files;
mod man;
mod man_notes;
mod tables;

pub use files::{files, stale, write};
