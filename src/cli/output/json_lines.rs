//! Writes JSON objects as lines, to a file or to stderr, until a write fails. What the objects are is
//! decided in [`super::events`].

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::escape::escaped_json;
use super::print;

/// Where the lines go.
enum Target {
    File(File),
    /// Above what is drawn there.
    Stderr,
}

/// Writes lines of JSON. A clone writes to the same place.
#[derive(Clone)]
pub(super) struct JsonLines(Arc<Mutex<Lines>>);

struct Lines {
    target: Target,
    /// The first write that failed: nothing is written after it.
    failed: io::Result<()>,
}

impl JsonLines {
    /// Opens and truncates the file; `-` is stderr.
    ///
    /// # Errors
    /// An [`io::Error`] when the file cannot be created.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let target = if path.as_os_str() == "-" { Target::Stderr } else { Target::File(File::create(path)?) };
        Ok(Self(Arc::new(Mutex::new(Lines { target, failed: Ok(()) }))))
    }

    pub(super) fn write(&self, object: &Value) {
        let mut lines = self.lines();
        if lines.failed.is_err() {
            return;
        }
        let mut line = escaped_json(object.to_string());
        match &mut lines.target {
            Target::Stderr => print::line(&line),
            Target::File(file) => {
                line.push('\n');
                // One write: a reader that follows the file sees whole lines.
                let written = file.write_all(line.as_bytes());
                lines.failed = written;
            }
        }
    }

    /// Ends; returns the error of the first line that could not be written.
    pub(super) fn finish(&self) -> io::Result<()> {
        std::mem::replace(&mut self.lines().failed, Ok(()))
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        // A panic while the lock is held leaves a file that can still be written to.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
