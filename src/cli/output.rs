//! The one home of printing: the result on stdout, everything else on stderr.

use std::io::{IsTerminal as _, Write as _};

use super::args::Output;
use super::escape::{escaped, escaped_json};
use super::hints::hint;
use crate::cloneup::Failure;
use crate::protocol::ErrorBody;

/// How many errors are told in words; the result has them all.
const MAX_TOLD: usize = 10;

/// Prints a result: exactly one JSON document.
pub(super) fn result(result: &impl serde::Serialize, format: Output) {
    let mut stdout = std::io::stdout().lock();
    let is_pretty = match format {
        Output::Json => false,
        Output::Pretty => true,
        Output::Auto => stdout.is_terminal(),
    };
    let written =
        if is_pretty { serde_json::to_string_pretty(result) } else { serde_json::to_string(result) };
    // Text and numbers cannot fail to be written.
    let text = escaped_json(written.unwrap_or_default());
    // A reader that has gone away does not want the result; the exit status stands.
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// A JSON document on stdout as it is.
pub(super) fn document(json: &str) {
    // A reader that has gone away does not want it.
    let _ = writeln!(std::io::stdout().lock(), "{}", escaped_json(json.to_owned()));
}

/// A line of text on stdout, where the result is for people.
pub(super) fn text(text: &str) {
    // A reader that has gone away does not want the rest.
    let _ = writeln!(std::io::stdout().lock(), "{}", escaped(text));
}

/// A line on stderr, as it is: the caller has escaped what is not its own.
pub(super) fn line(text: &str) {
    // With stderr closed there is nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// An error in words.
pub(super) fn error(message: &str) {
    line(&format!("error: {}", escaped(message)));
}

/// Whether the way out of an error is told beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hints {
    Told,
    /// When quiet, and where the person is on the way already.
    Left,
}

impl Hints {
    pub(super) fn unless(is_quiet: bool) -> Self {
        if is_quiet { Self::Left } else { Self::Told }
    }

    fn tell(self, hint: Option<&str>) {
        if let (Self::Told, Some(hint)) = (self, hint) {
            line(&format!("hint: {hint}"));
        }
    }
}

/// Tells failures in words: the first few by code, each code with its hint.
pub(super) fn failures(failures: &[Failure], hints: Hints) {
    let mut codes: Vec<&str> = Vec::new();
    for failure in failures {
        if !codes.contains(&&*failure.body().code) {
            codes.push(&failure.body().code);
        }
    }
    let mut told = 0;
    for code in codes {
        let group: Vec<_> = failures.iter().filter(|failure| failure.body().code == code).collect();
        let shown = &group[..group.len().min(MAX_TOLD - told)];
        for failure in shown {
            let sentence = match failure.location() {
                Some(location) => format!("{}: {location}", sentence(failure.body())),
                None => sentence(failure.body()),
            };
            if failure.error.mutation_id.is_empty() {
                error(&sentence);
            } else {
                error(&format!("{code}: {sentence}, mutation {}", failure.error.mutation_id));
            }
        }
        told += shown.len();
        if group.len() > shown.len() {
            line(&format!("… and {} more with {}", group.len() - shown.len(), escaped(code)));
        }
        hints.tell(group.iter().find_map(|failure| hint(failure)));
    }
}

/// Message and path of an error.
pub(super) fn sentence(body: &ErrorBody) -> String {
    if body.path.is_empty() || body.path == crate::protocol::ROOT_PATH {
        body.message.clone()
    } else {
        format!("{} ({})", body.message, body.path)
    }
}

/// Sends diagnostics to stderr: warnings by default, more with each `-v`, errors alone with
/// `--quiet`.
pub(super) fn start_diagnostics(quiet: bool, verbose: u8) {
    use tracing_subscriber::EnvFilter;
    let filter = match (quiet, verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info,synctool=debug,tower_http=debug",
        (false, _) => "debug,synctool=trace,tower_http=trace",
    };
    // A second subscriber is refused, which is fine: the first one is there.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(|| EscapedStderr)
        // Colours would be escaped like everything else.
        .with_ansi(false)
        .try_init();
}

/// Stderr for diagnostics, which may have in them what data or server say.
struct EscapedStderr;

impl std::io::Write for EscapedStderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // An event comes whole, with the end of its line.
        let text = String::from_utf8_lossy(bytes);
        line(&escaped(text.trim_end_matches('\n')));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
