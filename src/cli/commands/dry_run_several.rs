//! `synctool cloneup --dry-run` for several databases: prints a plan of each. Sends and stores nothing. The
//! plans are made by [`Uploads::preview`].

use std::sync::Arc;

use clap::ArgMatches;

use super::client;
use super::several::{Ready, highest, opener, prepare};
use crate::cli::args::CloneupArgs;
use crate::cli::exit::{self, SIGINT};
use crate::cli::output::{self, Hints};
use crate::cli::resolve::SeveralSettings;
use crate::cloneup::{Failures, Outcome, Stage, Uploads};

/// Prints the plans of all uploads; sends and stores nothing.
pub(super) fn run(args: &CloneupArgs, stage: Stage, matches: &ArgMatches) -> u8 {
    let (is_quiet, format) = (args.verbosity.quiet, args.output.unwrap_or_default());
    let previewed = prepare(args, matches).and_then(|Ready { settings, remote, schema }| {
        let SeveralSettings { databases, settings, jobs, only } = settings;
        let mut uploads =
            Uploads::new(databases, remote, Arc::new(opener(schema, only))).options(settings.options);
        if let Some(jobs) = jobs {
            uploads = uploads.jobs(jobs);
        }
        Ok(client::block_on(&client::runtime()?, uploads.preview()))
    });
    match previewed {
        Ok(preview) => {
            let status = highest(preview.failure_kinds(), SIGINT);
            let status = output::result(&preview, format, status);
            output::databases_plan(&preview, is_quiet);
            status
        }
        Err(Failures(failures)) => {
            let outcome = Outcome::failed(failures).of(stage);
            let status = exit::status(outcome.failure_kind(), SIGINT);
            let status = output::result(&outcome, format, status);
            output::failures(&outcome.failures, Hints::unless(is_quiet));
            status
        }
    }
}
