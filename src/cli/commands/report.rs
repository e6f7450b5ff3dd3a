//! `synctool report`: reads event files and writes or prints their report, which is made by
//! [`crate::report`].

use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _};
use std::path::Path;

use crate::cli::args::{ReportArgs, ReportFormat};
use crate::cli::exit;
use crate::cli::output;
use crate::cli::report_file::ReportFile;
use crate::cloneup::{Failure, Failures};
use crate::report::{Form, ReadError, Run, read, report};

/// Runs the subcommand.
///
/// # Errors
/// The failures of files that are no event files, or of a file to write from whose name no form follows.
pub(in crate::cli) fn run(args: &ReportArgs) -> Result<u8, Failures> {
    let out = args.out.as_deref().filter(|path| !path.as_os_str().is_empty());
    let form = form(args.format.unwrap_or_default());
    let out = out
        .map(|path| form.map_or_else(|| ReportFile::new(path), |form| Ok(ReportFile::of_form(path, form))));
    let out = out.transpose().map_err(|error| Failure::usage(format!("--out {error}"), "out"))?;
    let runs = read_all(&args.events)?;
    match out {
        Some(file) => {
            let written = file.write(&runs);
            Ok(output::unless_unwritten(exit::SUCCESS, written, "the report could not be written"))
        }
        None => Ok(output::whole(&report(&runs, form.unwrap_or_else(printed_form)), exit::SUCCESS)),
    }
}

/// The form that is asked for, if one is.
fn form(format: ReportFormat) -> Option<Form> {
    match format {
        ReportFormat::Html => Some(Form::Html),
        ReportFormat::Md => Some(Form::Markdown),
        ReportFormat::Auto => None,
    }
}

/// The form of a report that is printed: a person can read Markdown.
fn printed_form() -> Form {
    if io::stdout().is_terminal() { Form::Markdown } else { Form::Html }
}

/// The runs in all files, each with the name of its file.
fn read_all(paths: &[impl AsRef<Path>]) -> Result<Vec<(String, Run)>, Failures> {
    let (mut all, mut failures) = (Vec::new(), Vec::new());
    for (index, path) in paths.iter().map(AsRef::as_ref).enumerate() {
        match read_file(path) {
            Ok(runs) => all.extend(runs.into_iter().map(|run| (path.display().to_string(), run))),
            Err(error) => {
                let message = format!("{}: {error}", path.display());
                failures.push(Failure::usage(message, format!("events[{index}]")));
            }
        }
    }
    if failures.is_empty() { Ok(all) } else { Err(Failures(failures)) }
}

fn read_file(path: &Path) -> Result<Vec<Run>, ReadError> {
    if path.as_os_str() == "-" {
        return read(io::stdin().lock());
    }
    read(BufReader::new(File::open(path)?))
}
