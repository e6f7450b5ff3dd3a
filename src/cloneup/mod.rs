//! The job itself: everything of the offline database goes to the server (contract 3.1).
//!
//! [`run`] is the whole of it, for a program of your own too: plan, upload, finalize. One
//! thread reads and encodes ([`produce`]), requests are in flight side by side ([`upload`],
//! [`deliver`]), and one tally makes the result of the answers. Nothing here knows a
//! terminal, a flag or SQL.

mod batch;
mod checkpoint;
mod deliver;
mod encoders;
mod finalize;
mod inspect;
mod level;
mod observer;
mod options;
mod outcome;
mod plan;
mod preview;
mod produce;
mod stop;
mod tally;
mod upload;

use std::sync::Arc;

pub use checkpoint::Unfinished;
pub use inspect::{InspectedPart, Inspection, inspect};
pub use level::Concurrency;
pub use observer::{Event, Observer, PartKind, PlannedPart};
pub use options::{MAX_CONCURRENCY, Options, RawOptions, Selection};
pub use outcome::{DeleteStats, End, JoinStats, Outcome, RecordStats, Rejected, Stats};
pub use preview::{Finalization, Preview, PreviewPart, ServerState, preview};
pub use stop::{Stop, StopHandle, stop_channel};

use crate::offline::{Acquired, Database, OfflineError, Sidecar, Snapshot};
use crate::remote::Remote;
use crate::schema::Schema;
use checkpoint::{Binding, Checkpoint, Keeper, Progress};
use plan::{Plan, PlanError};
use tally::{Tally, end_of};

/// What every step of a run needs.
struct Job<'a> {
    options: Arc<Options>,
    schema: Arc<Schema>,
    database: Database,
    remote: &'a Remote,
    observer: &'a dyn Observer,
    stop: Stop,
    client_id: String,
}

/// Uploads everything that the options ask for, and says what came of it.
///
/// Failures are part of the outcome; nothing is sent before the plan stands, and nothing is
/// finalized after an error. Needs a tokio runtime with time and network.
pub async fn run(
    options: Options,
    schema: Schema,
    database: Database,
    remote: Remote,
    observer: &dyn Observer,
    stop: Stop,
) -> Outcome {
    let (options, schema) = (Arc::new(options), Arc::new(schema));
    let prepared = {
        let (options, schema, database) = (Arc::clone(&options), Arc::clone(&schema), database.clone());
        blocking(move || prepare(&options, &schema, &database)).await
    };
    let Prepared { plan, snapshot, client_id, sidecar } = match prepared {
        Ok(prepared) => prepared,
        Err(PlanError::Options(errors)) => return Outcome::failed(End::Invalid, errors),
        Err(PlanError::Offline(error)) => return Outcome::failed(end_of(&error), [error.report()]),
    };
    let job = Job { options, schema, database, remote: &remote, observer, stop, client_id };
    for warning in &plan.warnings {
        observer.on(&Event::Warning(warning));
    }
    let outline = plan.outline();
    for part in &outline {
        tracing::info!(name = part.name, rows = part.rows, "planned");
    }
    observer.on(&Event::Planned { parts: &outline });

    let binding = Binding::new(remote.identity(), &job.client_id, &job.schema, &job.options);
    let earlier = earlier(&job, sidecar.as_ref(), &binding).await;
    let progress = earlier.clone().map_or_else(|| Progress::new(binding), Progress::resume);
    let mut keeper = Keeper::new(progress, sidecar, job.options.only.is_none());
    let plan = Arc::new(plan);
    let mut tally = Tally::new(&plan);
    upload::upload(&job, &plan, snapshot, earlier, &mut keeper, &mut tally).await;
    tally.check_ledger();
    // A part of an upload says nothing about the rest, which the change log may be about.
    if tally.is_ok() && job.options.only.is_none() {
        finalize::finalize(&job, &plan, &mut tally).await;
    }
    if tally.is_ok() {
        keeper.finish();
    }
    tally.outcome()
}

/// What a run begins with.
struct Prepared {
    plan: Plan,
    snapshot: Snapshot,
    client_id: String,
    /// `None` where nothing can be or is to be kept.
    sidecar: Option<Sidecar>,
}

fn prepare(options: &Options, schema: &Schema, database: &Database) -> Result<Prepared, PlanError> {
    let acquired = Sidecar::acquire(database)?;
    let (mut plan, snapshot) = Plan::make(options, schema, database)?;
    let client_id = client_id(options, database)?;
    let sidecar = match acquired {
        Acquired::Held(sidecar) => Some(sidecar),
        Acquired::Without(why) => {
            plan.warnings.push(format!("the upload goes on without lock and checkpoint: {why}"));
            None
        }
    };
    Ok(Prepared { plan, snapshot, client_id, sidecar })
}

/// How far an earlier run of the same upload has come, as far as that may still hold.
async fn earlier(job: &Job<'_>, sidecar: Option<&Sidecar>, binding: &Binding) -> Option<Checkpoint> {
    if !job.options.resume || job.options.only.is_some() {
        return None;
    }
    let checkpoint = Checkpoint::read(sidecar?, binding)?;
    match (&checkpoint.store_id, job.remote.store_id().await) {
        (Some(expected), Some(found)) if *expected != found => None,
        _ => Some(checkpoint),
    }
}

/// The client id of a run (contract 3.2): the given one, the database's, or a new one that
/// is stored there first.
fn client_id(options: &Options, database: &Database) -> Result<String, OfflineError> {
    match &options.client_id {
        Some(id) => Ok(id.clone()),
        None => database.ensure_client_id(|| uuid::Uuid::new_v4().to_string()),
    }
}

/// Runs what blocks on a thread where it may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        // It is never aborted, so it has panicked.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
