//! The file of a report: its form follows from its name. What is in it is made by [`crate::report`].

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use super::written_file;
use crate::report::{Form, Run, report};

/// Names the file of the summary of a step in a GitHub workflow. It has no extension; steps add to it.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Where a report goes, and in which form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportFile {
    path: PathBuf,
    form: Form,
    /// Whether the report is added to what the file has.
    is_appended: bool,
}

/// The name of a file from which no form follows.
#[derive(Debug, thiserror::Error)]
#[error("must end in .html or .md, not `{}`", path.display())]
pub(super) struct UnknownForm {
    path: PathBuf,
}

impl ReportFile {
    /// The file with this path.
    ///
    /// # Errors
    /// [`UnknownForm`] when its name ends in neither `.html` nor `.md`.
    pub(super) fn new(path: &Path) -> Result<Self, UnknownForm> {
        Self::with_summary(path, env::var_os(STEP_SUMMARY).map(PathBuf::from).as_deref())
    }

    fn with_summary(path: &Path, summary: Option<&Path>) -> Result<Self, UnknownForm> {
        let is_appended = summary == Some(path);
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let form = match extension.to_ascii_lowercase().as_str() {
            _ if is_appended => Form::Markdown,
            "html" | "htm" => Form::Html,
            "md" | "markdown" => Form::Markdown,
            _ => return Err(UnknownForm { path: path.to_owned() }),
        };
        Ok(Self { path: path.to_owned(), form, is_appended })
    }

    /// The file with this path, for a report in this form.
    pub(super) fn of_form(path: &Path, form: Form) -> Self {
        let is_appended = env::var_os(STEP_SUMMARY).is_some_and(|summary| summary == path);
        Self { path: path.to_owned(), form, is_appended }
    }

    /// Finds out whether it can be written, before there is a report.
    ///
    /// # Errors
    /// An [`io::Error`] when it cannot.
    pub(super) fn check(&self) -> io::Result<()> {
        if self.is_appended { written_file::append(&self.path, "") } else { written_file::check(&self.path) }
    }

    /// Writes the report of runs, each with the name of its event file.
    ///
    /// # Errors
    /// An [`io::Error`] when it cannot be written.
    pub(super) fn write(&self, runs: &[(String, Run)]) -> io::Result<()> {
        let text = report(runs, self.form);
        if self.is_appended {
            // What is there may end in the middle of a line or of a paragraph.
            written_file::append(&self.path, &format!("\n\n{text}"))
        } else {
            written_file::replace(&self.path, &text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_follows_from_the_name() {
        let summary = Some(Path::new("/github/step_summary_1"));
        for (path, expected) in [
            ("a.html", Some((Form::Html, false))),
            ("folder.md/A.HTML", Some((Form::Html, false))),
            ("a.b.md", Some((Form::Markdown, false))),
            ("/github/step_summary_1", Some((Form::Markdown, true))),
            ("/github/step_summary_2", None),
            ("a.pdf", None),
            ("html", None),
            (".html", None),
        ] {
            let file = ReportFile::with_summary(Path::new(path), summary).ok();
            assert_eq!(file.map(|file| (file.form, file.is_appended)), expected, "{path}");
        }
    }
}
