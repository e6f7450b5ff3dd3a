//! Writes to stdout and stderr: the only place that does. The result is the only document on stdout. What
//! is printed is decided by the callers.

use std::io::{IsTerminal as _, Write as _};

use super::escape::{escaped, escaped_json};
use crate::cli::args::Output;

/// Prints a result: exactly one JSON document on stdout.
pub(in crate::cli) fn result(result: &impl serde::Serialize, format: Output) {
    let is_pretty = match format {
        Output::Json => false,
        Output::Pretty => true,
        Output::Auto => std::io::stdout().is_terminal(),
    };
    let written =
        if is_pretty { serde_json::to_string_pretty(result) } else { serde_json::to_string(result) };
    document(written.expect("results have text keys and finite numbers only, so they are JSON"));
}

/// Prints a JSON document on stdout.
pub(in crate::cli) fn document(json: String) {
    let mut stdout = std::io::stdout().lock();
    // A reader that has closed the pipe does not want the document; the exit status stays the same.
    let _ = writeln!(stdout, "{}", escaped_json(json)).and_then(|()| stdout.flush());
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
