//! A comparison of both sides, for a library user and for `--verify`: pulls the whole feed, and compares
//! it with one state of the database. The comparison of rows is in [`super::compare`].

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::blocking::blocking;
use super::compare::{Compared, Difference, Differences, FeedComparison, TableCounts};
use super::failure::{Failure, FailureKind, Failures, PULL_PATH, most_severe};
use super::finish::page_limit::PageLimit;
use super::finish::pull::{Page, Puller};
use super::missing_route::suggest_base;
use super::observer::{Activity, Event, Observer};
use super::options::Options;
use super::plan::{LimitedRecords, Requested};
use super::reports::blocking_with_reports;
use super::server_status::server_status;
use crate::offline::{Database, OfflineError, Snapshot};
use crate::protocol::{Cursor, ErrorBody, PullRequest};
use crate::remote::Remote;
use crate::schema::Schema;

/// The client id of a comparison without another one: the feed is the same for every client.
const CLIENT_ID: &str = "synctool-verify";

/// The result of a comparison. Its JSON is what stdout carries.
#[derive(Debug, Serialize)]
pub struct Verification {
    /// Whether the server has exactly what the database has.
    pub ok: bool,
    /// By resource in upload order, then by join store.
    pub tables: Vec<TableCounts>,
    /// The first 10,000 differences.
    pub differences: Vec<Difference>,
    /// Why both sides could not be compared; `errors` in the JSON.
    #[serde(rename = "errors", serialize_with = "as_bodies")]
    pub failures: Vec<Failure>,
}

fn as_bodies<S: serde::Serializer>(failures: &[Failure], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(failures.iter().map(Failure::body as fn(&Failure) -> &ErrorBody))
}

impl Verification {
    /// A comparison that could not be made.
    #[must_use]
    pub fn failed(failures: Vec<Failure>) -> Self {
        Self { ok: false, tables: Vec::new(), differences: Vec::new(), failures }
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

impl From<Differences> for Verification {
    fn from(Differences { tables, listed }: Differences) -> Self {
        let verification = Self { ok: true, tables, differences: listed, failures: Vec::new() };
        Self { ok: verification.count() == 0, ..verification }
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
}

/// The upload that a comparison follows.
struct EndedUpload {
    /// The change log's highest `seq` that it has covered.
    seq: i64,
    /// The records that it has sent, where their number was limited.
    limited: Option<Arc<LimitedRecords>>,
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
    pub(super) fn after(mut self, seq: i64, limited: Option<Arc<LimitedRecords>>) -> Self {
        self.after = Some(EndedUpload { seq, limited });
        self
    }

    /// Compares. Needs a tokio runtime with time and network. Failures are part of the result.
    pub async fn run(self) -> Verification {
        let remote = self.remote.clone();
        match self.compare().await {
            Ok(differences) => differences.into(),
            Err(Failures(mut failures)) => {
                suggest_base(&remote, &mut failures, PULL_PATH).await;
                Verification::failed(failures)
            }
        }
    }

    async fn compare(self) -> Result<Differences, Failures> {
        let requested = Requested::new(&self.options, &self.schema)?;
        // An upload that compares at its end has given the warning already.
        if let (Some(warning), None) = (self.database.warning(), &self.after) {
            self.observer.on(&Event::Warning(&warning));
        }
        if self.after.is_none() && !self.options.wait.is_zero() {
            server_status(&self.remote, self.options.wait, self.observer, &self.cancellation).await?;
        }
        self.observer.on(&Event::Verifying);
        let (database, schema) = (self.database.clone(), Arc::clone(&self.schema));
        let (since, limited) = self.after.map(|ended| (ended.seq, ended.limited)).unzip();
        let begun = blocking(move || {
            let snapshot = Snapshot::take(&database)?;
            let comparison = FeedComparison::new(&schema, &requested, snapshot, since)?;
            Ok::<_, OfflineError>(comparison.limited_to(limited.flatten()))
        });
        let mut comparison = begun.await?;
        let limit = PageLimit::at_most(self.options.pull_limit.get(), None);
        let mut puller = Puller {
            remote: &self.remote,
            max_retries: self.options.max_retries,
            observer: self.observer,
            cancellation: &self.cancellation,
            gate: None,
            limit,
        };
        let mut request = PullRequest {
            client_id: self.options.client_id.clone().unwrap_or_else(|| CLIENT_ID.to_owned()),
            cursor: Cursor::zero(),
            limit: limit.get(),
            cursors: BTreeMap::new(),
            exclude_own_after: None,
            started_at: None,
        };
        loop {
            self.observer.on(&Event::Activity(Activity::AwaitingAnswers));
            let Page { answer, is_last } = puller.next(&mut request).await?;
            let changes = answer.len() as u64;
            let added = blocking(move || comparison.add_page(&answer).map(|()| comparison)).await;
            comparison = added?;
            self.observer.on(&Event::Pulled { changes, cursor: None });
            if is_last {
                break;
            }
        }
        self.observer.on(&Event::Activity(Activity::Comparing));
        let cancellation = self.cancellation.clone();
        let compared = blocking_with_reports(
            move |reports| comparison.compare(&cancellation, &|compared| reports.send(compared)),
            |Compared { rows, total }| self.observer.on(&Event::Compared { rows: *rows, total: *total }),
        );
        Ok(compared.await?)
    }
}
