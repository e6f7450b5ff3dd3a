//! How a person wants to see a run. What is shown is decided in [`crate::cli::output`].

use std::time::Duration;

use super::problems::Problems;
use crate::cli::args::{ProgressArgs, Verbosity};
use crate::cli::output::{DEFAULT_INTERVAL, Look};
use crate::cli::values;

/// How progress is shown. An invalid interval counts as the default: the run ends with the error of it
/// before there is any progress.
pub(in crate::cli) fn look(args: &ProgressArgs, verbosity: Verbosity) -> Look {
    let interval = interval(args, &mut Problems::default());
    Look { mode: args.progress.unwrap_or_default(), interval, is_quiet: verbosity.quiet }
}

/// The minimum time between two lines; an invalid text adds a problem.
pub(super) fn interval(args: &ProgressArgs, problems: &mut Problems) -> Duration {
    let (mut interval, text) = (DEFAULT_INTERVAL, args.progress_interval.as_deref());
    problems.set(&mut interval, "progressInterval", text, values::timeout);
    interval
}
