//! A whole upload: plan, send, finalize, compare (contract 3.1). Each step is in its own room:
//! [`super::plan`], [`super::upload`], [`super::ending`].

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::blocking::{blocking, interrupt_until_done};
use super::compare::Comparing;
use super::ending::{compare, finish, note_end};
use super::failure::{Failure, Failures, PUSH_PATH};
use super::job::Job;
use super::missing_route::suggest_base;
use super::narrowing::{Deletions, narrow};
use super::observer::{Activity, Event, Observer};
use super::options::Options;
use super::outcome::Outcome;
use super::plan::{Checking, Keeper, Plan, Requested, check_writable};
use super::progress::tally::Tally;
use super::progress::{CheckpointWriter, UploadIdentity};
use super::reports::{Reports, blocking_with_reports};
use super::send::gate::RequestGate;
use super::send::rejections::Rejections;
use super::server_status::server_status;
use super::shared::{Claim, Shared};
use super::upload;
use crate::failpoint;
use crate::offline::{Acquired, Database, OfflineError, Sidecar, SidecarKind, Snapshot};
use crate::protocol::{ServerStatus, code, status};
use crate::remote::Remote;
use crate::schema::Schema;

/// An upload of an offline database to a server; a builder.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use synctool::cloneup::{Options, Upload};
/// use synctool::offline::Database;
/// use synctool::remote::{Remote, RemoteConfig};
/// use synctool::schema::Schema;
///
/// let database = Database::open("app.db".as_ref())?;
/// let remote = Remote::new(&RemoteConfig::new("http://127.0.0.1:4400/datafn"))?;
/// let schema = Schema::parse(&std::fs::read_to_string("schema.json")?)?;
/// let options = Options { fail_fast: false, ..Options::default() };
/// let outcome = Upload::new(database, remote, schema).options(options).run().await;
/// assert!(outcome.ok, "{:?}", outcome.failures);
/// # Ok(())
/// # }
/// ```
pub struct Upload<'o> {
    pub(super) database: Database,
    pub(super) remote: Remote,
    pub(super) schema: Arc<Schema>,
    pub(super) options: Arc<Options>,
    pub(super) observer: &'o dyn Observer,
    pub(super) cancellation: CancellationToken,
    gate: Option<RequestGate>,
    confirm: Option<Confirm>,
    shared: Option<Arc<Shared>>,
}

/// Asks whether what only the server has is to be removed. It may block.
type Confirm = Arc<dyn Fn(Deletions) -> bool + Send + Sync>;

impl<'o> Upload<'o> {
    /// Uploads everything in the database, with the default options.
    #[must_use]
    pub fn new(database: Database, remote: Remote, schema: Schema) -> Self {
        Self::of(database, remote, Arc::new(schema), Arc::default())
    }

    /// Uploads a database whose schema and options may be those of others too.
    pub(super) fn of(database: Database, remote: Remote, schema: Arc<Schema>, options: Arc<Options>) -> Self {
        Self {
            database,
            remote,
            schema,
            options,
            observer: &(),
            cancellation: CancellationToken::new(),
            gate: None,
            confirm: None,
            shared: None,
        }
    }

    /// Uploads with these options.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = Arc::new(options);
        self
    }

    /// Gets the events of the run.
    #[must_use]
    pub fn observer(mut self, observer: &'o dyn Observer) -> Self {
        self.observer = observer;
        self
    }

    /// Cooperative cancellation: once the token is cancelled nothing new is sent, requests in
    /// flight are awaited, and the checkpoint is kept.
    #[must_use]
    pub fn cancellation(mut self, cancellation: CancellationToken) -> Self {
        self.cancellation = cancellation;
        self
    }

    /// Asks before anything is removed because only the server has it ([`Options::delete_extra`]); where
    /// the answer is no, nothing is sent. Without it nothing is asked.
    #[must_use]
    pub fn confirm(mut self, confirm: impl Fn(Deletions) -> bool + Send + Sync + 'static) -> Self {
        self.confirm = Some(Arc::new(confirm));
        self
    }

    /// Sends all requests through this gate, which other uploads share: its limit, not that of the
    /// options, says how many are in flight, and its pace replaces the server's.
    #[must_use]
    pub fn gate(mut self, gate: RequestGate) -> Self {
        self.remote = self.remote.with_pace(gate.pace().clone());
        self.gate = Some(gate);
        self
    }

    /// Uploads beside others, with which it has this in common.
    #[must_use]
    pub(super) fn shared(self, shared: Arc<Shared>) -> Self {
        let upload = self.gate(shared.gate.clone());
        Self { shared: Some(shared), ..upload }
    }

    /// Uploads. Needs a tokio runtime with time and network.
    ///
    /// Failures are part of the outcome. Nothing is sent before everything is planned and
    /// checked, and nothing is finalized after a failure.
    pub async fn run(self) -> Outcome {
        let stage = self.options.stage;
        let outcome = self.execute().await;
        outcome.unwrap_or_else(|Failures(failures)| Outcome::failed(failures)).of(stage)
    }

    async fn execute(self) -> Result<Outcome, Failures> {
        let requested = Requested::new(&self.options, &self.schema)?;
        self.observer.on(&Event::Activity(Activity::Checking));
        let Prepared { plan, snapshot, client_id, sidecar } = self.prepare(requested.clone()).await?;
        let identity = UploadIdentity::new(&self.remote, &client_id, &self.schema, &self.options);
        failpoint::reach("planned");
        let has_sidecar = sidecar.is_some();
        let claim = self.claim(&client_id).await;
        let server = self.server_status().await?;
        let url = self.remote.push_url();
        let mut checkpoints = CheckpointWriter::new(url, identity, &server, sidecar, &self.options);
        let is_only_one = match (&self.shared, &claim) {
            (None, _) => true,
            (Some(_), Some(claim)) => !claim.is_repeated,
            (Some(_), None) => false,
        };
        let mut job = self.job(client_id, server, is_only_one);
        let (plan, snapshot) = if self.options.compares() {
            // Boxed: a comparison is larger than the rest of a run, and most runs have none.
            Box::pin(self.narrow(&mut job, requested, plan, snapshot)).await?
        } else {
            (plan, snapshot)
        };
        announce(&job, &plan);

        let earlier = if job.options.resume { checkpoints.earlier() } else { None };
        let plan = Arc::new(plan);
        let mut tally = Tally::new(&plan);
        upload::upload(&job, &plan, snapshot, earlier, &mut checkpoints, &mut tally).await;
        tally.check_all_answered();
        warn_of_left_out(&job, &tally);
        let mut seq = plan.seq;
        if tally.is_ok() && job.options.finalizes() {
            failpoint::reach("uploaded");
            match finish(&job, &plan, &checkpoints, &mut tally).await {
                Ok(covered) => seq = covered,
                Err(failure) => tally.fail(failure),
            }
        }
        failpoint::reach("finalized");
        if tally.is_ok() {
            if has_sidecar {
                note_end(&job, &plan, &checkpoints, &tally).await;
            }
            checkpoints.finish();
            if job.options.verify {
                compare(&job, &plan, seq, &mut tally).await;
            }
        }
        let mut outcome = tally.outcome();
        if !job.server.has(status::PUSH_REPEATED) {
            outcome.stats.run.repeated = None;
        }
        suggest_base(&self.remote, &mut outcome.failures, PUSH_PATH).await;
        Ok(outcome)
    }

    /// Takes the lock and the snapshot, then makes the plan from the snapshot.
    async fn prepare(&self, requested: Requested) -> Result<Prepared, Failures> {
        let database = self.database.clone();
        let kind = self.options.stage.shard().map_or(SidecarKind::Upload, SidecarKind::Shard);
        let begun = blocking(move || {
            let acquired = Sidecar::acquire(&database, kind)?;
            Ok::<_, OfflineError>((acquired, Snapshot::take(&database)?))
        });
        let (acquired, snapshot) = begun.await?;
        let interrupt = snapshot.interrupter();
        let (options, schema) = (Arc::clone(&self.options), Arc::clone(&self.schema));
        let database = self.database.clone();
        let work = move |reports: &Reports<Checking>| {
            check_client_id(&options, &snapshot)?;
            let report = |checking: &Checking| reports.send(checking.clone());
            let plan = Plan::new(&options, &schema, requested, &snapshot, Keeper::of(&options), &report)?;
            check_writable(&options, &plan, &snapshot, &database)?;
            let client_id = client_id(&options, &database)?;
            failpoint::reach("client-id");
            Ok::<_, Failures>((plan, snapshot, client_id))
        };
        let planning = blocking_with_reports(work, |checking| self.observer.on(&checking.event()));
        tokio::pin!(planning);
        let planned = tokio::select! {
            planned = &mut planning => planned,
            () = self.cancellation.cancelled() => interrupt_until_done(planning, interrupt).await,
        };
        let (mut plan, snapshot, client_id) = planned?;
        let sidecar = match acquired {
            Acquired::Held(sidecar) => Some(sidecar),
            Acquired::Without(why) => {
                plan.warnings.push(format!("the upload goes on without lock and checkpoint: {why}"));
                None
            }
        };
        Ok(Prepared { plan, snapshot, client_id, sidecar })
    }

    /// Compares both sides, and leaves in the plan only what differs.
    async fn narrow(
        &self,
        job: &mut Job<'_>,
        requested: Requested,
        plan: Plan,
        snapshot: Snapshot,
    ) -> Result<(Plan, Snapshot), Failure> {
        let comparing = Comparing {
            remote: &self.remote,
            server: &job.server,
            options: &self.options,
            client_id: &job.client_id,
            observer: self.observer,
            cancellation: &self.cancellation,
            gate: Some(&job.gate),
        };
        let narrowed = narrow(&comparing, &self.schema, requested, (plan, snapshot), &self.options).await?;
        narrowed.deletions.check(&self.options)?;
        self.ask(narrowed.deletions).await?;
        job.options = narrowed.options;
        failpoint::reach("compared");
        Ok((narrowed.plan, narrowed.snapshot))
    }

    /// Asks whether what only the server has is to be removed, if there is anything.
    async fn ask(&self, deletions: Deletions) -> Result<(), Failure> {
        let Some(confirm) = self.confirm.clone().filter(|_| deletions.total() > 0) else { return Ok(()) };
        let is_confirmed = tokio::select! {
            is_confirmed = blocking(move || confirm(deletions)) => is_confirmed,
            () = self.cancellation.cancelled() => return Err(Failure::interrupted()),
        };
        if is_confirmed {
            return Ok(());
        }
        let message = "the deletes were not confirmed: nothing was sent";
        Err(Failure::invalid(code::DFQL_INVALID, message, "deleteExtra").in_words(message))
    }

    /// Waits until no other upload of this process has the same stored client id. Of uploads that are given
    /// one id, all go on side by side.
    async fn claim(&self, client_id: &str) -> Option<Claim> {
        let shared = self.shared.as_ref().filter(|_| self.options.client_id.is_none())?;
        let claim = shared.claim(client_id).await;
        if claim.is_repeated {
            let message = format!(
                "another database of this run stores the same client id, {client_id}: to the server both are \
                 one client; if one is a copy of the other, give it an id of its own"
            );
            self.observer.on(&Event::Warning(&message));
        }
        Some(claim)
    }

    /// The server's status: that of all uploads, where others run beside this one.
    async fn server_status(&self) -> Result<ServerStatus, Failure> {
        let (remote, options, observer) = (&self.remote, &self.options, self.observer);
        match &self.shared {
            Some(shared) => shared.server_status(remote, options, observer, &self.cancellation).await,
            None => server_status(remote, options.wait, observer, &self.cancellation).await,
        }
    }

    fn job(&self, client_id: String, server: ServerStatus, is_only_one: bool) -> Job<'_> {
        let rejections = match &self.shared {
            Some(shared) => Arc::clone(&shared.rejections),
            None => Arc::new(Rejections::new(&self.options)),
        };
        Job {
            options: Arc::clone(&self.options),
            schema: Arc::clone(&self.schema),
            database: self.database.clone(),
            remote: &self.remote,
            gate: self
                .gate
                .clone()
                .unwrap_or_else(|| RequestGate::new(self.options.concurrency, self.remote.pace().clone())),
            rejections,
            observer: self.observer,
            cancellation: self.cancellation.clone(),
            client_id,
            is_only_one,
            server,
        }
    }
}

/// What a run begins with.
struct Prepared {
    plan: Plan,
    snapshot: Snapshot,
    client_id: String,
    /// `None` where no file can be written beside the database.
    sidecar: Option<Sidecar>,
}

/// Checks that a shard has the client id of the others: a new one would be another one in every copy of
/// the database (contract 3.7).
pub(super) fn check_client_id(options: &Options, snapshot: &Snapshot) -> Result<(), Failure> {
    if options.stage.shard().is_none() || options.client_id.is_some() || snapshot.client_id()?.is_some() {
        return Ok(());
    }
    let message =
        "shards must share one client id: the database stores none, so give all of them the same --client-id";
    Err(Failure::invalid(code::DFQL_INVALID, message, "clientId"))
}

/// The client id of a run (contract 3.2): the given one, the database's, or a new one that is
/// stored there first.
fn client_id(options: &Options, database: &Database) -> Result<String, OfflineError> {
    match &options.client_id {
        Some(id) => Ok(id.clone()),
        None => database.ensure_client_id(|| uuid::Uuid::new_v4().to_string()),
    }
}

/// Tells the observer and the log about the plan.
fn announce(job: &Job<'_>, plan: &Plan) {
    let other_store = plan.other_store_warning(&job.options, job.server.store_id.as_deref());
    for warning in plan.warnings.iter().chain(&other_store) {
        job.observer.on(&Event::Warning(warning));
    }
    let outline = plan.outline();
    for part in &outline {
        tracing::info!(name = part.name, rows = part.rows, "planned");
    }
    job.observer.on(&Event::Planned { parts: &outline });
}

/// Tells about rows that were left to the application.
fn warn_of_left_out(job: &Job<'_>, tally: &Tally<'_>) {
    let rows = tally.left_out();
    if rows > 0 {
        let message = format!(
            "{rows} rows were neither sent nor removed: the application has changed them since the upload began"
        );
        job.observer.on(&Event::Warning(&message));
    }
}
