//! The files that tell of an upload when it has ended: `--report` and `--metrics-file` (contract 3.10). They
//! are written whatever the end is. The event file is written while the upload runs, in [`super::output`].

use std::io;
use std::path::{Path, PathBuf};

use super::args::CloneupArgs;
use super::output::{self, Events};
use super::report_file::ReportFile;
use super::written_file;
use crate::report::metrics;

/// The files of a run.
#[derive(Debug, Default)]
pub(super) struct RunFiles {
    report: Option<ReportFile>,
    metrics: Option<PathBuf>,
}

/// How writing has ended, file by file.
#[derive(Debug)]
pub(super) struct Written {
    report: io::Result<()>,
    metrics: io::Result<()>,
}

impl RunFiles {
    /// What the flags name. The form of a report that cannot be made is reported with the other options.
    pub(super) fn of(args: &CloneupArgs) -> Self {
        let report = given(args.report.as_deref()).and_then(|path| ReportFile::new(path).ok());
        Self { report, metrics: given(args.metrics_file.as_deref()).map(Path::to_owned) }
    }

    /// Whether there are any.
    pub(super) fn is_empty(&self) -> bool {
        self.report.is_none() && self.metrics.is_none()
    }

    /// Warns at once of what cannot be written. An upload is not held up by a folder that is missing; its exit
    /// status tells it at the end.
    pub(super) fn warn(&self) {
        let warn = |what: &str, error: io::Error| {
            output::warning(&format!("the {what} cannot be written: {error}; the upload goes on"));
        };
        if let Some(Err(error)) = self.report.as_ref().map(ReportFile::check) {
            warn("report", error);
        }
        if let Some(Err(error)) = self.metrics.as_deref().map(written_file::check) {
            warn("metrics file", error);
        }
    }

    /// Writes all of them, when the run has ended. `database` is its path.
    pub(super) fn write(&self, events: Option<Events>, database: &str) -> Written {
        let Some(run) = events.and_then(Events::into_run) else {
            return Written { report: Ok(()), metrics: Ok(()) };
        };
        let metrics = self
            .metrics
            .as_deref()
            .map_or(Ok(()), |path| written_file::replace(path, &metrics(&run, database)));
        // A run has no event file for its report.
        let runs = [(String::new(), run)];
        Written { report: self.report.as_ref().map_or(Ok(()), |report| report.write(&runs)), metrics }
    }
}

impl Written {
    /// Tells what could not be written; returns the exit status.
    pub(super) fn unless_unwritten(self, status: u8) -> u8 {
        let status = output::unless_unwritten(status, self.report, "the report could not be written");
        output::unless_unwritten(status, self.metrics, "the metrics file could not be written")
    }
}

/// A path that is given; a variable that is set to nothing gives none.
fn given(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| !path.as_os_str().is_empty())
}
