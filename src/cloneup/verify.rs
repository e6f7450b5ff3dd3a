//! A comparison of both sides, for a library user and for `--verify`: of one state of the database with
//! what the server has. The comparison of rows is in [`super::compare`].

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::blocking::blocking;
use super::compare::{Comparing, CountedRows, Difference, Differences, Question, Table, TableCounts};
use super::failure::{Failure, FailureKind, Failures, PULL_PATH, most_severe};
use super::missing_route::suggest_base;
use super::observer::{Event, Observer};
use super::options::Options;
use super::plan::{LimitedRecords, Requested, Sources};
use super::server_status::server_status;
use crate::offline::{Database, FoundItems, OfflineError, Snapshot, touched_since};
use crate::protocol::{ErrorBody, ServerStatus};
use crate::remote::Remote;
use crate::schema::Schema;

/// The maximum number of differences that are listed by their ids; all of them are counted.
const MAX_LISTED: usize = 10_000;

/// The client id of a comparison without another one: the feed is the same for every client.
const CLIENT_ID: &str = "synctool-verify";

/// The result of a comparison. Its JSON is what stdout carries.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// Whether the server has exactly what the database has.
    pub ok: bool,
    /// By resource in upload order, then by join store.
    pub tables: Vec<TableCounts>,
    /// The first 10,000 differences.
    pub differences: Vec<Difference>,
    /// The number of differences that are not listed.
    #[serde(skip_serializing_if = "is_zero")]
    pub unlisted: u64,
    /// Why both sides could not be compared; `errors` in the JSON.
    #[serde(rename = "errors", serialize_with = "as_bodies")]
    pub failures: Vec<Failure>,
    /// All differences, in a temporary file.
    #[serde(skip)]
    found: Option<Arc<FoundItems>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn as_bodies<S: serde::Serializer>(failures: &[Failure], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(failures.iter().map(Failure::body as fn(&Failure) -> &ErrorBody))
}

impl Verification {
    /// A comparison that could not be made.
    #[must_use]
    pub(crate) fn failed(failures: Vec<Failure>) -> Self {
        Self { ok: false, tables: Vec::new(), differences: Vec::new(), unlisted: 0, failures, found: None }
    }

    fn of(differences: Differences) -> Result<Self, OfflineError> {
        let Differences { tables, found, .. } = differences;
        let mut listed = Vec::new();
        for table in &tables {
            let listing = found.for_each(&table.name, None, |item| {
                if listed.len() == MAX_LISTED {
                    return Err(OfflineError::Stopped);
                }
                listed.push(Difference::of(&table.name, &item));
                Ok(())
            });
            match listing {
                Ok(()) | Err(OfflineError::Stopped) => {}
                Err(error) => return Err(error),
            }
        }
        let all: u64 = tables.iter().map(TableCounts::differences).sum();
        let unlisted = all.saturating_sub(listed.len() as u64);
        let failures = Vec::new();
        Ok(Self { ok: all == 0, tables, differences: listed, unlisted, failures, found: Some(found) })
    }

    /// Calls `consume` with every difference, listed or not: by table, what the database has first, in byte
    /// order of the ids.
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError`] when the temporary file cannot be read.
    pub fn for_each_difference<E: From<OfflineError>>(
        &self,
        mut consume: impl FnMut(&Difference) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(found) = &self.found else { return Ok(()) };
        // The listed ones are the first of them, and more is known of them.
        for difference in &self.differences {
            consume(difference)?;
        }
        let mut place = 0;
        for TableCounts { name, .. } in &self.tables {
            found.for_each(name, None, |item| {
                place += 1;
                if place > self.differences.len() { consume(&Difference::of(name, &item)) } else { Ok(()) }
            })?;
        }
        Ok(())
    }

    /// The number of differences, listed or not.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.tables.iter().map(TableCounts::differences).sum()
    }

    /// The kind of failure from which the exit status follows; differences count as
    /// [`FailureKind::Rejected`]. `None` when both sides are equal.
    #[must_use]
    pub fn failure_kind(&self) -> Option<FailureKind> {
        let differs = (self.count() > 0).then_some(FailureKind::Rejected);
        most_severe(&self.failures).max(differs)
    }
}

/// A comparison of an offline database with a server; a builder.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use synctool::cloneup::Comparison;
/// use synctool::offline::Database;
/// use synctool::remote::{Remote, RemoteConfig};
/// use synctool::schema::Schema;
///
/// let database = Database::open("app.db".as_ref())?;
/// let remote = Remote::new(&RemoteConfig::new("http://127.0.0.1:4400/datafn"))?;
/// let schema = Schema::parse(&std::fs::read_to_string("schema.json")?)?;
/// let verification = Comparison::new(database, remote, schema).run().await;
/// assert!(verification.ok, "{} differences", verification.count());
/// # Ok(())
/// # }
/// ```
pub struct Comparison<'o> {
    database: Database,
    remote: Remote,
    schema: Arc<Schema>,
    options: Arc<Options>,
    observer: &'o dyn Observer,
    cancellation: CancellationToken,
    after: Option<EndedUpload>,
    shows_values: bool,
}

/// The upload that a comparison follows.
struct EndedUpload {
    /// The change log's highest `seq` that it has covered.
    seq: i64,
    /// The records that it has sent, where their number was limited.
    limited: Option<Arc<LimitedRecords>>,
    /// The server's status before it began.
    server: ServerStatus,
}

impl<'o> Comparison<'o> {
    /// Compares everything in the database with the server.
    #[must_use]
    pub fn new(database: Database, remote: Remote, schema: Schema) -> Self {
        Self::shared(database, remote, Arc::new(schema))
    }

    pub(super) fn shared(database: Database, remote: Remote, schema: Arc<Schema>) -> Self {
        Self {
            database,
            remote,
            schema,
            options: Arc::default(),
            observer: &(),
            cancellation: CancellationToken::new(),
            after: None,
            shows_values: false,
        }
    }

    /// The options that count are those of scope (`resources`, `include_many_many`), of the pull
    /// (`client_id`, `pull_limit`), `wait` and `max_retries`.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = Arc::new(options);
        self
    }

    /// Gets the events of the comparison.
    #[must_use]
    pub fn observer(mut self, observer: &'o dyn Observer) -> Self {
        self.observer = observer;
        self
    }

    /// Cooperative cancellation: the comparison ends soon after the token is cancelled.
    #[must_use]
    pub fn cancellation(mut self, cancellation: CancellationToken) -> Self {
        self.cancellation = cancellation;
        self
    }

    /// Compares what an upload has sent that has just ended. What change log entries after `seq` are
    /// about is not compared: the application has changed it since.
    #[must_use]
    pub(super) fn after(
        mut self,
        seq: i64,
        limited: Option<Arc<LimitedRecords>>,
        server: ServerStatus,
    ) -> Self {
        self.after = Some(EndedUpload { seq, limited, server });
        self
    }

    /// Shows the values of the fields that differ, of the first 100 rows whose content differs. The server's
    /// are in its feed, which is read for them.
    #[must_use]
    pub fn show_values(mut self, shows_values: bool) -> Self {
        self.shows_values = shows_values;
        self
    }

    /// Compares. Needs a tokio runtime with time and network. Failures are part of the result.
    pub async fn run(self) -> Verification {
        let remote = self.remote.clone();
        match self.compare().await {
            Ok(verification) => verification,
            Err(Failures(mut failures)) => {
                suggest_base(&remote, &mut failures, PULL_PATH).await;
                Verification::failed(failures)
            }
        }
    }

    async fn compare(self) -> Result<Verification, Failures> {
        let requested = Requested::new(&self.options, &self.schema)?;
        // An upload that compares at its end has given the warning already.
        if let (Some(warning), None) = (self.database.warning(), &self.after) {
            self.observer.on(&Event::Warning(&warning));
        }
        let server = match &self.after {
            Some(ended) => ended.server.clone(),
            None => {
                let (remote, wait) = (&self.remote, self.options.wait);
                server_status(remote, wait, self.observer, &self.cancellation).await?
            }
        };
        let (question, snapshot) = self.question(requested).await?;
        let client_id = self.options.client_id.as_deref().unwrap_or(CLIENT_ID);
        let comparing = Comparing {
            remote: &self.remote,
            server: &server,
            options: &self.options,
            client_id,
            observer: self.observer,
            cancellation: &self.cancellation,
            gate: None,
        };
        let (differences, snapshot) = comparing.compare(&question, snapshot).await?;
        let how = (differences.is_by_digests, self.shows_values);
        let mut verification = Verification::of(differences)?;
        // An upload that compares at its end tells only how much differs.
        if self.after.is_none() {
            comparing.explain(&question, snapshot, &mut verification.differences, how).await?;
        }
        Ok(verification)
    }

    /// What is compared, with the snapshot of it.
    async fn question(&self, requested: Requested) -> Result<(Arc<Question>, Snapshot), Failure> {
        let (database, schema) = (self.database.clone(), Arc::clone(&self.schema));
        let (since, limited) = self.after.as_ref().map(|ended| (ended.seq, ended.limited.clone())).unzip();
        // Everything in scope is compared, whatever was selected to be sent.
        let options = Arc::new(Options { only: None, ..(*self.options).clone() });
        let begun = blocking(move || {
            let snapshot = Snapshot::take(&database)?;
            let tables = Table::all(&Sources::resolve(&snapshot, &schema, &requested)?);
            let edited = since.map_or(Ok(HashSet::new()), |seq| touched_since(&snapshot, &schema, seq))?;
            let counted = CountedRows { options, limited: limited.flatten(), edited, with_extra: true };
            let question = Question { tables, counted, lists_missing: true };
            Ok::<_, OfflineError>((Arc::new(question), snapshot))
        });
        Ok(begun.await?)
    }
}
