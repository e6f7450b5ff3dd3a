//! Diagnostics of the library, as log lines on stderr: warnings by default, more with each `-v`,
//! nothing but errors with `--quiet`.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::escape::escaped;
#[cfg(feature = "serve")]
use super::escape::escaped_json;
use super::print::line;
use crate::cli::args::Verbosity;

/// Sends diagnostics to stderr from now on.
pub(in crate::cli) fn start_diagnostics(verbosity: Verbosity) {
    let log = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE);
    // Where a line comes from matters to those who read the code.
    let log = log.with_target(verbosity.verbose > 1);
    // The escape sequences of colours would be escaped like everything else.
    let log = log.with_ansi(false).with_writer(|| Stderr(|text| escaped(text).into_owned()));
    // A second subscriber is refused, which is fine: the first one does the same.
    let _ = log.finish().with(filter(verbosity)).try_init();
}

/// The same, as one JSON object a line. The events of `target` are shown unless only errors are.
#[cfg(feature = "serve")]
pub(in crate::cli) fn start_json_diagnostics(verbosity: Verbosity, target: &str) {
    let mut filter = filter(verbosity);
    if !verbosity.quiet {
        filter = filter.with_target(target, LevelFilter::INFO);
    }
    let log = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).json().flatten_event(true);
    let log = log.with_span_list(false).with_writer(|| Stderr(|text| escaped_json(text.to_owned())));
    let _ = log.finish().with(filter).try_init();
}

fn filter(verbosity: Verbosity) -> Targets {
    let (others, own) = match (verbosity.quiet, verbosity.verbose) {
        (true, _) => (LevelFilter::ERROR, LevelFilter::ERROR),
        (false, 0) => (LevelFilter::WARN, LevelFilter::WARN),
        (false, 1) => (LevelFilter::INFO, LevelFilter::DEBUG),
        (false, _) => (LevelFilter::DEBUG, LevelFilter::TRACE),
    };
    Targets::new().with_default(others).with_target("synctool", own)
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
