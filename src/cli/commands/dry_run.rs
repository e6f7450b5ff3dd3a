//! `synctool cloneup --dry-run`: prints the plan, as JSON on stdout and as a table on stderr. Sends and
//! stores nothing. The plan is made by [`Upload::preview`].

use super::client::{self, Ready};
use super::uploading::hints_at_resources;
use crate::cli::args::CloneupArgs;
use crate::cli::exit::{self, SIGINT};
use crate::cli::output::{self, Hints, Progress};
use crate::cloneup::{Failures, Outcome, Preview, Stage, Upload, most_severe};

/// Prints the plan of an upload, or of this stage of it, that `prepare` has prepared.
pub(super) fn run(
    args: &CloneupArgs,
    stage: Stage,
    progress: &Progress,
    prepare: impl FnOnce() -> Result<Ready, Failures>,
) -> u8 {
    let (is_quiet, format) = (args.verbosity.quiet, args.output.unwrap_or_default());
    let (hints, mut names) = (Hints::unless(is_quiet), Vec::new());
    let previewed = prepare().and_then(|ready| {
        names = hints_at_resources(&ready.options, &ready.schema);
        preview(ready, progress)
    });
    progress.end();
    let (status, failures) = match previewed {
        Ok(preview) => {
            let status = exit::status(preview.failure_kind(), SIGINT);
            let status = output::result(&preview, format, status);
            if !is_quiet {
                output::plan(&preview);
            }
            (status, preview.failures)
        }
        Err(Failures(failures)) => {
            let status = exit::status(most_severe(&failures), SIGINT);
            let outcome = Outcome::failed(failures).of(stage);
            (output::result(&outcome, format, status), outcome.failures)
        }
    };
    output::failures(&failures, hints);
    for name in names {
        hints.print(&name);
    }
    status
}

/// The preview; `progress` tells of a wait for the server.
fn preview(ready: Ready, progress: &Progress) -> Result<Preview, Failures> {
    let Ready { options, schema, database, remote } = ready;
    let upload = Upload::new(database, remote, schema).options(options).observer(progress);
    Ok(client::block_on(&client::runtime()?, upload.preview()))
}
