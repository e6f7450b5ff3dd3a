//! The settings of `synctool clone`. The flags are in `args/clone.rs`; what every client needs is in
//! [`super::target`].

use clap::ArgMatches;

use super::problems::Problems;
use super::remote::remote;
use super::target::{Settings, client_id, complete, required};
use crate::cli::args::CloneArgs;
use crate::cli::values::{self, COMPRESSIONS};
use crate::cloneup::{CloneOptions, Failures};

/// The settings, or everything that is wrong with the flags.
pub(in crate::cli) fn clone(
    args: &CloneArgs,
    matches: &ArgMatches,
) -> Result<Settings<CloneOptions>, Failures> {
    let mut problems = Problems::default();
    let (database, base) = required(&args.database.db, &args.target, &mut problems);
    let mut options = CloneOptions { client_id: client_id(&args.target), ..CloneOptions::default() };
    let (network, limit) = (&args.network, args.pull_limit.as_deref());
    problems.set(&mut options.max_retries, "maxRetries", network.max_retries.as_deref(), values::count);
    problems.set(&mut options.wait, "wait", network.wait.as_deref(), values::duration);
    problems.set(&mut options.pull_limit, "pullLimit", limit, |text| values::positive(text).map(Some));
    let mut remote = remote(&args.target, network, matches, base, &mut problems);
    if let Some(compression) = args.compress.as_deref().and_then(|name| values::named(&COMPRESSIONS, name)) {
        remote.compression = compression;
    }
    complete(database, remote, options, problems)
}
