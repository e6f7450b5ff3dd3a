//! The part of the upload that a run is: `--stage` and `--shard` (contract 3.7). The variables of job
//! systems are in [`super::job_system`].

use super::job_system;
use super::problems::Problems;
use crate::cli::args::CloneupArgs;
use crate::cli::values::{self, STAGES, ShardText};
use crate::cloneup::{Failures, Stage};
use crate::mutation::Shard;

/// The part of the upload, or everything that is wrong with its flags.
pub(in crate::cli) fn stage(args: &CloneupArgs) -> Result<Stage, Failures> {
    let mut problems = Problems::default();
    let stage = stage_of(args, &mut problems);
    problems.or(Some(stage))
}

/// The part of the upload; what is wrong with its flags is added to the problems.
pub(super) fn stage_of(args: &CloneupArgs, problems: &mut Problems) -> Stage {
    let stage = args.stage.as_deref().and_then(|name| values::named(&STAGES, name)).unwrap_or_default();
    let shard = shard(args.shard.as_deref(), problems);
    match (stage, shard) {
        (Stage::All | Stage::Records, Some(shard)) => return Stage::Shard(shard),
        (other, Some(_)) => {
            let message = format!("stage {} has no shards: a shard is a part of the records", other.name());
            problems.invalid(message, "stage");
        }
        (Stage::JoinRows | Stage::Finalize, None) if args.limit.is_some() => {
            let message = format!("stage {} sends no records, so limit has nothing to count", stage.name());
            problems.invalid(message, "stage");
        }
        (Stage::Finalize, None) if args.only_failed.is_some() => {
            problems.invalid("stage finalize uploads nothing, so onlyFailed has nothing to select", "stage");
        }
        _ => {}
    }
    stage
}

/// The shard that a text names, by itself or together with the environment.
fn shard(text: Option<&str>, problems: &mut Problems) -> Option<Shard> {
    let mut named = None;
    problems.set(&mut named, "shard", text, |text| values::shard(text).map(Some));
    let of = match named? {
        ShardText::Given(shard) => return Some(shard),
        ShardText::Auto(of) => of,
    };
    let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let found = job_system::shard(of, &variable);
    // The text is right; what is wrong is in the environment, which the message names.
    let problem = |why: &String| {
        problems.told_as(format_args!("shard {why}"), "shard", format!("--shard {why}"));
    };
    found.inspect_err(problem).ok()
}
