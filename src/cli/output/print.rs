//! Writes to stdout and stderr: the only place that does. The result is the only document on stdout. What
//! is printed is decided by the callers.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::builder::styling::{AnsiColor, Style, Styles};

use super::escape::{escaped, escaped_json};
use super::indented;
use super::width::{terminal_width, wrapped};
use crate::cli::args::Output;
use crate::cli::exit;

/// Whether a document has been printed, or is being printed.
static IS_PRINTED: Mutex<bool> = Mutex::new(false);

/// What is drawn on stderr now, if anything is.
static DRAWING: Mutex<Option<Arc<dyn Drawing>>> = Mutex::new(None);

/// Something that is drawn at the bottom of a terminal and redrawn: lines are printed above it.
pub(super) trait Drawing: Send + Sync {
    /// Takes itself away while a line is printed.
    fn suspend(&self, print: &mut dyn FnMut());

    /// Takes itself away for good.
    fn end(&self);
}

/// Prints a question on stderr, and reads a line from stdin; `None` where there is none.
pub(super) fn ask(question: &str) -> Option<String> {
    let mut stderr = io::stderr().lock();
    // Without the question there may still be an answer.
    let _ = stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush());
    drop(stderr);
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).ok().filter(|read| *read > 0).map(|_| answer)
}

/// From now on lines are printed above this.
pub(super) fn begin_drawing(drawing: Arc<dyn Drawing>) {
    *drawn() = Some(drawing);
}

/// Takes away what is drawn, if anything is.
pub(super) fn end_drawing() {
    let drawing = drawn().take();
    if let Some(drawing) = drawing {
        drawing.end();
    }
}

fn drawn() -> MutexGuard<'static, Option<Arc<dyn Drawing>>> {
    // A panic while the lock is held leaves a value that is still valid.
    DRAWING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints a result: exactly one JSON document on stdout.
///
/// Returns the exit status: `status`, or that of a document that could not be written.
pub(in crate::cli) fn result(result: &impl serde::Serialize, format: Output, status: u8) -> u8 {
    let is_pretty = match format {
        Output::Json => false,
        Output::Pretty => true,
        Output::Auto => io::stdout().is_terminal(),
    };
    let written = if is_pretty { indented::to_string(result) } else { serde_json::to_string(result) };
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
    end_drawing();
    unless_unwritten(status, write_out(&escaped_json(json)), RESULT_UNWRITTEN)
}

/// Prints lines of text on stdout, for commands whose result is for people. Returns the exit status:
/// `status`, or that of a text that could not be written.
pub(in crate::cli) fn text(lines: &[String], status: u8) -> u8 {
    let lines: Vec<_> = lines.iter().map(|line| escaped(line)).collect();
    unless_unwritten(status, write_out(&lines.join("\n")), RESULT_UNWRITTEN)
}

/// Prints a text that another program reads, as it is. Returns the exit status: `status`, or that of a text
/// that could not be written.
pub(in crate::cli) fn whole(text: &str, status: u8) -> u8 {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    unless_unwritten(status, written, RESULT_UNWRITTEN)
}

const RESULT_UNWRITTEN: &str = "the result could not be written to stdout";

fn write_out(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush())
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

/// Prints a line on stderr without escaping it: the caller has escaped what comes from data or server.
/// Colours are left out where stderr has none, as clap does.
pub(in crate::cli) fn line(text: &str) {
    let mut print = || {
        // A closed stderr leaves no place for a message.
        let _ = writeln!(anstream::AutoStream::auto(io::stderr().lock()), "{text}");
    };
    let drawing = drawn().clone();
    match drawing {
        Some(drawing) => drawing.suspend(&mut print),
        None => print(),
    }
}

/// Prints a text on stderr, on a terminal wrapped between words.
pub(in crate::cli) fn paragraph(text: &str) {
    let lines = terminal_width().map_or_else(|| vec![text.to_owned()], |width| wrapped(text, width));
    for text in lines {
        line(&text);
    }
}

/// Prints an error on stderr.
pub(in crate::cli) fn error(message: &str) {
    labelled("error", *Styles::styled().get_error(), message);
}

/// Prints a warning on stderr.
pub(in crate::cli) fn warning(message: &str) {
    labelled("warning", AnsiColor::Yellow.on_default().bold(), message);
}

/// Prints a hint on stderr, in the colour of clap's tips.
pub(in crate::cli) fn hint(message: &str) {
    labelled("hint", *Styles::styled().get_valid(), message);
}

fn labelled(label: &str, style: Style, message: &str) {
    line(&format!("{style}{label}:{style:#} {}", escaped(message)));
}
