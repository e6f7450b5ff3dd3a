//! Diagnostics of the library, as log lines on stderr: warnings by default, more with each `-v`,
//! nothing but errors with `--quiet`.

use tracing_subscriber::EnvFilter;

use super::escape::escaped;
#[cfg(feature = "serve")]
use super::escape::escaped_json;
use super::print::line;
use crate::cli::args::Verbosity;

/// Sends diagnostics to stderr from now on.
pub(in crate::cli) fn start_diagnostics(verbosity: Verbosity) {
    let log = tracing_subscriber::fmt().with_env_filter(filter(verbosity));
    // Where a line comes from matters to those who read the code.
    let log = log.with_target(verbosity.verbose > 1);
    // The escape sequences of colours would be escaped like everything else.
    let log = log.with_ansi(false).with_writer(|| Stderr(|text| escaped(text).into_owned()));
    // A second subscriber is refused, which is fine: the first one does the same.
    let _ = log.try_init();
}

/// The same, as one JSON object a line. The events of `target` are shown unless only errors are.
#[cfg(feature = "serve")]
pub(in crate::cli) fn start_json_diagnostics(verbosity: Verbosity, target: &str) {
    let mut filter = filter(verbosity);
    if !verbosity.quiet {
        filter = filter.add_directive(format!("{target}=info").parse().expect("a module path is a target"));
    }
    let log = tracing_subscriber::fmt().with_env_filter(filter).json().flatten_event(true);
    let log = log.with_span_list(false).with_writer(|| Stderr(|text| escaped_json(text.to_owned())));
    let _ = log.try_init();
}

fn filter(verbosity: Verbosity) -> EnvFilter {
    EnvFilter::new(match (verbosity.quiet, verbosity.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info,synctool=debug",
        (false, _) => "debug,synctool=trace",
    })
}

/// Stderr, whose lines are escaped, since diagnostics may quote data or server.
struct Stderr(fn(&str) -> String);

impl std::io::Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // The subscriber writes each event at once, with the end of its line.
        let text = String::from_utf8_lossy(bytes);
        line(&(self.0)(text.trim_end_matches('\n')));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
