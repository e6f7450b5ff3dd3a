//! The settings of `synctool cloneup` for several databases. Those of one are in [`super::upload`](mod@super::upload).

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ArgMatches;

use super::databases::databases;
use super::origin::with_origins;
use super::problems::{Problems, flag};
use super::target::Settings;
use super::upload::{jobs, settings};
use crate::cli::args::CloneupArgs;
use crate::cli::error_file::Rejected;
use crate::cloneup::Failures;

/// Everything that the flags decide.
#[derive(Debug)]
pub(in crate::cli) struct SeveralSettings {
    /// The databases; that of the settings is one of them.
    pub(in crate::cli) databases: Vec<PathBuf>,
    pub(in crate::cli) settings: Settings,
    /// How many are uploaded side by side; `None` is the default.
    pub(in crate::cli) jobs: Option<NonZeroUsize>,
    /// What is uploaded again, if not everything is uploaded.
    pub(in crate::cli) only: Option<Rejected>,
}

/// The settings, or everything that is wrong with the flags.
pub(in crate::cli) fn uploads(args: &CloneupArgs, matches: &ArgMatches) -> Result<SeveralSettings, Failures> {
    let mut problems = Problems::default();
    let databases = databases(&args.db, matches, &mut problems);
    let jobs = jobs(args, &mut problems);
    if args.verify {
        let why = "compares one database with everything that the server has, so the records of the other \
            databases would be differences";
        problems.told_as(format_args!("verify {why}"), "verify", format!("--verify {why}"));
    }
    one_database(args.report.as_ref(), "report", &mut problems);
    one_database(args.metrics_file.as_ref(), "metricsFile", &mut problems);
    if args.delete_extra {
        let why = "would remove from the server what the other databases have: give one database";
        problems.told_as(format_args!("deleteExtra {why}"), "deleteExtra", format!("--delete-extra {why}"));
    }
    let (settings, only) = settings(args, matches, &mut problems);
    let several = settings.map(|settings| SeveralSettings { databases, settings, jobs, only });
    problems.or(several).map_err(|failures| with_origins(failures, matches))
}

/// Refuses a file that tells of one database, if it is named.
fn one_database(path: Option<&PathBuf>, name: &str, problems: &mut Problems) {
    if path.is_some_and(|path| !path.as_os_str().is_empty()) {
        let why = "tells of one database; `synctool report` makes a report of the --events of several";
        problems.told_as(format_args!("{name} {why}"), name, format!("{} {why}", flag(name)));
    }
}
