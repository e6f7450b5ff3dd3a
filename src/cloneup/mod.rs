//! The job itself: everything of the offline database goes to the server (contract 3.1).
//!
//! [`run`] is the whole of it, for a program of your own too: plan, upload, finalize. One
//! thread or two read ([`read`]), one encodes ([`produce`]), requests are in flight side by side
//! ([`upload`], [`deliver`]), as many as do good ([`traffic`], [`level`]), and one tally makes
//! the result of the answers. Nothing here knows a terminal, a flag or SQL.

mod batch;
mod checkpoint;
mod deliver;
mod encoders;
mod finalize;
mod inspect;
mod level;
mod limits;
mod observer;
mod options;
mod outcome;
mod packing;
mod plan;
mod preview;
mod produce;
mod pulling;
mod read;
mod stop;
mod tally;
mod traffic;
mod upload;
mod verify;

use std::sync::Arc;
use std::time::Duration;

pub use checkpoint::Unfinished;
pub use inspect::{InspectedPart, Inspection, inspect};
pub use level::Concurrency;
pub use observer::{Event, Observer, PartKind, PlannedPart};
pub use options::{MAX_CONCURRENCY, Options, RawOptions, Selection};
pub use outcome::{DeleteStats, End, JoinStats, Outcome, RecordStats, Rejected, Stats, interrupted};
pub use preview::{Finalization, Preview, PreviewPart, ServerState, preview};
pub use stop::{Stop, StopHandle, stop_channel};
pub use verify::{Difference, DifferenceKind, TableCounts, Verification, verify};

use tokio::sync::oneshot;

use crate::failpoint;
use crate::offline::{Acquired, Database, OfflineError, Sidecar, Snapshot};
use crate::protocol::{ErrorBody, ServerStatus, code};
use crate::remote::Remote;
use crate::schema::Schema;
use checkpoint::{Binding, Checkpoint, Keeper};
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
    /// What the server says about itself; nothing, if it does not say.
    server: ServerStatus,
    binding: Binding,
}

impl Job<'_> {
    /// The checkpoint of an upload that begins now.
    fn beginning(&self) -> Checkpoint {
        Checkpoint::beginning(self.binding.clone(), &self.server)
    }
}

/// How long the server may take to say something about itself: nothing depends on it, so
/// nobody waits as long as for an answer to a push.
const STATUS_TIMEOUT: Duration = Duration::from_secs(5);

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
    let prepared = prepare_unless_stopped(&options, &schema, &database, &stop).await;
    let Prepared { plan, snapshot, client_id, sidecar } = match prepared {
        Ok(prepared) => prepared,
        Err(PlanError::Options(errors)) => return Outcome::failed(End::Invalid, errors),
        Err(PlanError::Offline(OfflineError::Storage { .. })) if stop.is_requested() => {
            let (end, body) = interrupted();
            return Outcome::failed(end, [body]);
        }
        Err(PlanError::Offline(error)) => return Outcome::failed(end_of(&error), [error.report()]),
    };
    let binding = Binding::new(&remote, &client_id, &schema, &options);
    failpoint::reach("planned");
    let server = server_status(&remote).await;
    let job = Job { options, schema, database, remote: &remote, observer, stop, client_id, server, binding };
    for warning in &plan.warnings {
        observer.on(&Event::Warning(warning));
    }
    let outline = plan.outline();
    for part in &outline {
        tracing::info!(name = part.name, rows = part.rows, "planned");
    }
    observer.on(&Event::Planned { parts: &outline });

    let earlier = earlier(&job, sidecar.as_ref());
    let checkpoint = earlier.clone().unwrap_or_else(|| job.beginning());
    let mut keeper = Keeper::new(checkpoint, sidecar, job.options.only.is_none());
    let plan = Arc::new(plan);
    let mut tally = Tally::new(&plan);
    upload::upload(&job, &plan, snapshot, earlier, &mut keeper, &mut tally).await;
    tally.check_ledger();
    // A part of an upload says nothing about the rest, which the change log may be about.
    if tally.is_ok() && job.options.only.is_none() {
        failpoint::reach("uploaded");
        finalize::finalize(&job, &plan, keeper.begun_at().cloned(), &mut tally).await;
    }
    failpoint::reach("finalized");
    if tally.is_ok() {
        keeper.finish();
        if job.options.verify {
            check(&job, plan.seq, &mut tally).await;
        }
    }
    tally.outcome()
}

/// Compares both sides after the upload; every table that is not equal is an error.
async fn check(job: &Job<'_>, seq: i64, tally: &mut Tally<'_>) {
    let Job { options, schema, database, remote, observer, stop, .. } = job;
    let verification = verify(options, schema, database, remote, *observer, stop, Some(seq)).await;
    for body in verification.errors {
        tally.fail(verification.end, body);
    }
    for TableCounts { name, missing, different, extra, .. } in verification.tables {
        if missing + different + extra > 0 {
            let message = format!(
                "the server does not have what the database has: {missing} missing, {different} different, {extra} extra"
            );
            tally.fail(End::Rejected, ErrorBody::new(code::NOT_EQUAL, message, name));
        }
    }
}

/// What a run begins with.
struct Prepared {
    plan: Plan,
    snapshot: Snapshot,
    client_id: String,
    /// `None` where nothing can be or is to be kept.
    sidecar: Option<Sidecar>,
}

/// Looks at every row, which may take long: that is broken off when the run is asked to stop.
async fn prepare_unless_stopped(
    options: &Arc<Options>,
    schema: &Arc<Schema>,
    database: &Database,
    stop: &Stop,
) -> Result<Prepared, PlanError> {
    let (begun, interrupter) = oneshot::channel();
    let (options, schema, database) = (Arc::clone(options), Arc::clone(schema), database.clone());
    let begun = |snapshot: &Snapshot| drop(begun.send(snapshot.interrupter()));
    let preparing = blocking(move || prepare(&options, &schema, &database, begun));
    tokio::pin!(preparing);
    tokio::select! {
        // It begins when it is asked for the first time.
        biased;
        prepared = &mut preparing => return prepared,
        () = stop.requested() => {}
    }
    let interrupt = interrupter.await;
    break_off(preparing, || interrupt.iter().for_each(|interrupt| interrupt())).await
}

/// Breaks reading off, again and again until it has ended: between two statements there is
/// nothing to break off.
async fn break_off<T>(mut reading: impl Future<Output = T> + Unpin, interrupt: impl Fn()) -> T {
    loop {
        interrupt();
        tokio::select! {
            read = &mut reading => return read,
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
    }
}

fn prepare(
    options: &Options,
    schema: &Schema,
    database: &Database,
    begun: impl FnOnce(&Snapshot),
) -> Result<Prepared, PlanError> {
    let acquired = Sidecar::acquire(database)?;
    let (mut plan, snapshot) = Plan::make(options, schema, database, begun)?;
    let client_id = client_id(options, database)?;
    failpoint::reach("client-id");
    let sidecar = match acquired {
        Acquired::Held(sidecar) => Some(sidecar),
        Acquired::Without(why) => {
            plan.warnings.push(format!("the upload goes on without lock and checkpoint: {why}"));
            None
        }
    };
    Ok(Prepared { plan, snapshot, client_id, sidecar })
}

/// What the server says about itself. One that does not say is one without limits and
/// extensions; whether it is there at all, the first push will show.
async fn server_status(remote: &Remote) -> ServerStatus {
    match tokio::time::timeout(STATUS_TIMEOUT, remote.status()).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => {
            tracing::debug!(%error, "the server says nothing about itself");
            ServerStatus::default()
        }
        Err(_) => ServerStatus::default(),
    }
}

/// How far an earlier run of the same upload has come, as far as that may still hold.
fn earlier(job: &Job<'_>, sidecar: Option<&Sidecar>) -> Option<Checkpoint> {
    if !job.options.resume || job.options.only.is_some() {
        return None;
    }
    let checkpoint = Checkpoint::read(sidecar?, &job.binding)?;
    // A server that does not say any more which store it has may have another one.
    let is_same_store = checkpoint.store_id.is_none() || checkpoint.store_id == job.server.store_id;
    is_same_store.then_some(checkpoint)
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
