//! What uploads of one and of several databases have in common on the command line: files that are opened
//! before anything is sent, the pause of a shard, and hints. The runs are in [`super::cloneup`] and
//! [`super::cloneup_several`].

use std::path::Path;
use std::time::Duration;

use clap::ArgMatches;

use crate::cli::layers;
use crate::cli::nearest::nearest;
use crate::cli::signals::Signals;
use crate::cloneup::{Failure, Options, Stage};
use crate::protocol::code;
use crate::schema::Schema;

/// The longest pause before a shard begins, all but the first one: a job system starts all of them at
/// the same moment.
const MAX_JITTER: Duration = Duration::from_secs(1);

/// What is said after the first signal.
pub(super) const INTERRUPTED: &str =
    "interrupted: waiting for the requests in flight; a second signal exits at once";

/// The random pause before a shard begins, all but the first one.
pub(super) async fn pause_of_shard(stage: Stage, signals: &Signals) {
    if stage.shard().is_some_and(|shard| shard.index() > 1) {
        tokio::select! {
            () = tokio::time::sleep(jitter()) => {}
            _ = signals.first() => {}
        }
    }
}

/// A random pause of up to [`MAX_JITTER`].
fn jitter() -> Duration {
    let micros = uuid::Uuid::new_v4().as_u128() % (MAX_JITTER.as_micros() + 1);
    u64::try_from(micros).map_or(MAX_JITTER, Duration::from_micros)
}

/// The options that differ from their defaults, as an event has them, without some.
pub(super) fn events_options(matches: &ArgMatches, without: &[&str]) -> serde_json::Value {
    let options = layers::changed_options("cloneup", matches).into_iter();
    let options = options.filter(|(name, _)| !without.contains(&name.as_str()));
    options.map(|(name, value)| (name, value.into())).collect::<serde_json::Map<_, _>>().into()
}

/// The failure of an event file that cannot be created.
pub(super) fn unwritable_events(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write events to {}: {error}", path.display());
    Failure::invalid(code::DFQL_INVALID, &message, "events").in_words(format!("--events: {message}"))
}

/// How to get the rejected mutations that are not printed, and to send only those again.
pub(super) fn way_to_the_rest(error_file: Option<&Path>) -> String {
    match error_file.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => {
            let path = path.display();
            format!("{path} lists all that were rejected; --only-failed {path} sends only those again")
        }
        None => "--error-file FILE lists all that are rejected, and --only-failed FILE sends only those \
            again"
            .to_owned(),
    }
}

/// The resources that were probably meant: the message for an unknown one is fixed by the contract.
pub(super) fn hints_at_resources(options: &Options, schema: &Schema) -> Vec<String> {
    let unknown = options.resources.iter().flatten().filter(|name| schema.resource(name).is_none());
    let hint = |name: &String| {
        let names = schema.resources.iter().map(|resource| resource.name.as_str());
        match nearest(name, names.clone()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("the schema has {}", names.collect::<Vec<_>>().join(", ")),
        }
    };
    unknown.map(hint).collect()
}
