//! `synctool cloneup --dry-run`: prints the plan, as JSON on stdout and as a table on stderr. Sends and
//! stores nothing. The plan is made by [`Upload::preview`].

use super::client::{self, Ready};
use crate::cli::args::CloneupArgs;
use crate::cli::exit::{self, SIGINT};
use crate::cli::output::{self, Hints, Progress};
use crate::cloneup::{Failures, Outcome, Preview, Stage, Upload, most_severe};

/// Prints the plan of an upload, or of this stage of it, that `prepare` has prepared.
pub(super) fn run(args: &CloneupArgs, stage: Stage, prepare: impl FnOnce() -> Result<Ready, Failures>) -> u8 {
    let (is_quiet, format) = (args.verbosity.quiet, args.output.unwrap_or_default());
    match prepare().and_then(|ready| preview(ready, &Progress::new(is_quiet))) {
        Ok(preview) => {
            if !is_quiet {
                output::plan(&preview);
            }
            output::failures(&preview.failures, Hints::unless(is_quiet));
            output::result(&preview, format, exit::status(preview.failure_kind(), SIGINT))
        }
        Err(Failures(failures)) => {
            output::failures(&failures, Hints::unless(is_quiet));
            let kind = most_severe(&failures);
            output::result(&Outcome::failed(failures).of(stage), format, exit::status(kind, SIGINT))
        }
    }
}

/// The preview; `progress` tells of a wait for the server.
fn preview(ready: Ready, progress: &Progress) -> Result<Preview, Failures> {
    let Ready { options, schema, database, remote } = ready;
    let upload = Upload::new(database, remote, schema).options(options).observer(progress);
    Ok(client::runtime()?.block_on(upload.preview()))
}
