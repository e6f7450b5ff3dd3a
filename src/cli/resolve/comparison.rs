//! The settings of `synctool verify`. The flags are in `args/verify.rs`; what every client needs is in
//! [`super::target`].

use clap::ArgMatches;

use super::look::interval;
use super::origin::with_origins;
use super::problems::Problems;
use super::remote::remote;
use super::switch::set_switch;
use super::target::{Settings, client_id, complete, required, resources};
use crate::cli::args::VerifyArgs;
use crate::cli::values;
use crate::cloneup::{Failures, Options};

/// The settings, or everything that is wrong with the flags.
pub(in crate::cli) fn comparison(args: &VerifyArgs, matches: &ArgMatches) -> Result<Settings, Failures> {
    let mut problems = Problems::default();
    let (database, base) = required(&args.database.db, &args.target, &mut problems);
    let mut options = Options {
        resources: resources(args.resources.as_ref()),
        client_id: client_id(&args.target),
        ..Options::default()
    };
    let (on, off) = (args.include_many_many, args.no_include_many_many);
    set_switch(&mut options.include_many_many, matches, "include_many_many", on, off);
    let (retries, wait) = (args.network.max_retries.as_deref(), args.network.wait.as_deref());
    problems.set(&mut options.wait, "wait", wait, values::duration);
    problems.set(&mut options.max_retries, "maxRetries", retries, values::count);
    problems.set(&mut options.pull_limit, "pullLimit", args.pull_limit.as_deref(), values::positive);
    interval(&args.progress, &mut problems);
    let remote = remote(&args.target, &args.network, matches, base, &mut problems);
    complete(database, remote, options, problems).map_err(|failures| with_origins(failures, matches))
}
