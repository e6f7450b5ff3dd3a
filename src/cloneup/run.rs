//! A whole upload: plan, upload, finalize, verify (contract 3.1).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::cloneup::blocking::{blocking, break_off};
use crate::cloneup::finish::finalize;
use crate::cloneup::observer::{Event, Observer};
use crate::cloneup::options::Options;
use crate::cloneup::outcome::{End, Outcome, interrupted};
use crate::cloneup::plan::make::{Plan, PlanError};
use crate::cloneup::progress::checkpoint::{Checkpoint, CheckpointWriter, UploadIdentity};
use crate::cloneup::progress::tally::{Tally, end_of};
use crate::cloneup::stop::Stop;
use crate::cloneup::upload;
use crate::cloneup::verify::{TableCounts, verify};
use crate::failpoint;
use crate::offline::{Acquired, Database, OfflineError, Sidecar, Snapshot};
use crate::protocol::{ErrorBody, ServerStatus, code};
use crate::remote::Remote;
use crate::schema::Schema;

/// What every step of a run needs.
pub(crate) struct Job<'a> {
    pub(crate) options: Arc<Options>,
    pub(crate) schema: Arc<Schema>,
    pub(crate) database: Database,
    pub(crate) remote: &'a Remote,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) stop: Stop,
    pub(crate) client_id: String,
    /// What the server says about itself; nothing, if it does not say.
    pub(crate) server: ServerStatus,
    pub(crate) identity: UploadIdentity,
}

impl Job<'_> {
    /// The checkpoint of an upload that begins now.
    pub(crate) fn beginning(&self) -> Checkpoint {
        Checkpoint::beginning(self.identity.clone(), &self.server)
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
        Err(PlanError::Offline(OfflineError::Storage { .. } | OfflineError::Interrupted))
            if stop.is_requested() =>
        {
            let (end, body) = interrupted();
            return Outcome::failed(end, [body]);
        }
        Err(PlanError::Offline(error)) => return Outcome::failed(end_of(&error), [error.report()]),
    };
    let identity = UploadIdentity::new(&remote, &client_id, &schema, &options);
    failpoint::reach("planned");
    let server = server_status(&remote).await;
    let job = Job { options, schema, database, remote: &remote, observer, stop, client_id, server, identity };
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
    let mut checkpoints = CheckpointWriter::new(checkpoint, sidecar, job.options.only.is_none());
    let plan = Arc::new(plan);
    let mut tally = Tally::new(&plan);
    upload::upload(&job, &plan, snapshot, earlier, &mut checkpoints, &mut tally).await;
    tally.check_ledger();
    // A part of an upload says nothing about the rest, which the change log may be about.
    if tally.is_ok() && job.options.only.is_none() {
        failpoint::reach("uploaded");
        finalize::finalize(&job, &plan, checkpoints.begun_at().cloned(), &mut tally).await;
    }
    failpoint::reach("finalized");
    if tally.is_ok() {
        checkpoints.finish();
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
    pub(crate) client_id: String,
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
    let checkpoint = Checkpoint::read(sidecar?, &job.identity)?;
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
