//! Diagnostics of the library, as log lines on stderr: warnings by default, more with each `-v`,
//! nothing but errors with `--quiet`.

use tracing_subscriber::EnvFilter;

use super::escape::escaped;
use super::print::line;
use crate::cli::args::Verbosity;

/// Sends diagnostics to stderr from now on.
pub(in crate::cli) fn start_diagnostics(verbosity: Verbosity) {
    let filter = match (verbosity.quiet, verbosity.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info,synctool=debug,tower_http=debug",
        (false, _) => "debug,synctool=trace,tower_http=trace",
    };
    // A second subscriber is refused, which is fine: the first one does the same.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(|| EscapedStderr)
        // Where a line comes from matters to those who read the code.
        .with_target(verbosity.verbose > 1)
        // The escape sequences of colours would be escaped like everything else.
        .with_ansi(false)
        .try_init();
}

/// Stderr with its lines escaped, since diagnostics may quote data or server.
struct EscapedStderr;

impl std::io::Write for EscapedStderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // The subscriber writes each event at once, with the end of its line.
        let text = String::from_utf8_lossy(bytes);
        line(&escaped(text.trim_end_matches('\n')));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
