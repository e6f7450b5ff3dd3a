//! Writes to stdout and stderr: the only place that does. The result is the only document on stdout. What
//! is printed is decided by the callers.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

use super::escape::{escaped, escaped_json};
use crate::cli::args::Output;
use crate::cli::exit;

/// Whether a document has been printed, or is being printed.
static IS_PRINTED: Mutex<bool> = Mutex::new(false);

/// Prints a result: exactly one JSON document on stdout.
///
/// Returns the exit status: `status`, or that of a document that could not be written.
pub(in crate::cli) fn result(result: &impl serde::Serialize, format: Output, status: u8) -> u8 {
    let is_pretty = match format {
        Output::Json => false,
        Output::Pretty => true,
        Output::Auto => io::stdout().is_terminal(),
    };
    let written =
        if is_pretty { serde_json::to_string_pretty(result) } else { serde_json::to_string(result) };
    document(written.expect("results have text keys and finite numbers only, so they are JSON"), status)
}

/// Prints a JSON document on stdout, unless there is one already: a second signal may print the result
/// of an interrupted run while the run prints its own. Returns the exit status: `status`, or that of a
/// document that could not be written.
pub(in crate::cli) fn document(json: String, status: u8) -> u8 {
    // A panic while the lock is held leaves a flag that is still valid.
    let mut is_printed = IS_PRINTED.lock().unwrap_or_else(PoisonError::into_inner);
    if std::mem::replace(&mut *is_printed, true) {
        return status;
    }
    let mut stdout = io::stdout().lock();
    let written = writeln!(stdout, "{}", escaped_json(json)).and_then(|()| stdout.flush());
    unless_unwritten(status, written, "the result could not be written to stdout")
}

/// The exit status of a run after something was written: a failure to write makes a good run exit with
/// a status of its own, and is told. A reader that has closed a pipe wants no more.
pub(in crate::cli) fn unless_unwritten(status: u8, written: io::Result<()>, what: &str) -> u8 {
    match written {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            error(&format!("{what}: {cause}"));
            if status == exit::SUCCESS { exit::UNWRITTEN } else { status }
        }
        _ => status,
    }
}

/// Prints a text that another program reads, as it is. Returns the exit status: `status`, or that of a text
/// that could not be written.
pub(in crate::cli) fn whole(text: &str, status: u8) -> u8 {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    unless_unwritten(status, written, "the result could not be written to stdout")
}

/// Prints a line of text on stdout, for commands whose result is for people.
pub(in crate::cli) fn text(text: &str) {
    // As in `document`.
    let _ = writeln!(std::io::stdout().lock(), "{}", escaped(text));
}

/// Prints a line on stderr without escaping it: the caller has escaped what comes from data or server.
pub(in crate::cli) fn line(text: &str) {
    // A closed stderr leaves no place for a message.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints an error on stderr.
pub(in crate::cli) fn error(message: &str) {
    line(&format!("error: {}", escaped(message)));
}

/// Prints a warning on stderr.
pub(in crate::cli) fn warning(message: &str) {
    line(&format!("warning: {}", escaped(message)));
}
