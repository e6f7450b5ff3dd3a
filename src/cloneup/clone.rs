//! A clone, for a library user: a new file with everything that a server has (contract 3.9). The pages are
//! pulled and written in [`super::finish`]; the file is the part of [`crate::offline`].

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};
use tokio_util::sync::CancellationToken;

use super::blocking::blocking;
use super::failure::{Failure, FailureKind, PULL_PATH, most_severe};
use super::finish::catch_up::catch_up;
use super::finish::page_limit::PageLimit;
use super::finish::pull::Puller;
use super::missing_route::suggest_base;
use super::observer::{Activity, Event, Observer};
use super::options::Options;
use super::outcome::as_mutation_errors;
use super::server_status::server_status;
use crate::failpoint;
use crate::offline::{CloneCounts, CloneFile, Cursors, Origin};
use crate::protocol::{Cursor, PullRequest, ServerStatus};
use crate::remote::Remote;
use crate::schema::Schema;

/// The options of a clone. [`Default`] has the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloneOptions {
    /// The client id that is stored in a new file; `None` is a new one. A database that stores one keeps
    /// it.
    pub client_id: Option<String>,
    /// How often a request that failed with a transport error is sent again.
    pub max_retries: u32,
    /// The maximum number of changes in one page; `None` is as many as make a page of a few MiB, of a
    /// server that names a limit, and else 1000.
    pub pull_limit: Option<NonZeroU64>,
    /// For how long the clone waits for a server that does not answer yet.
    pub wait: Duration,
}

impl Default for CloneOptions {
    fn default() -> Self {
        let Options { max_retries, wait, .. } = Options::default();
        Self { client_id: None, max_retries, pull_limit: None, wait }
    }
}

/// The result of a clone. Its JSON is what stdout carries.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct CloneOutcome {
    /// Whether everything was pulled. A change that does not fit its table was skipped, with a warning.
    pub ok: bool,
    /// The global cursor of the file; zero where it has none.
    pub cursor: Cursor,
    /// The rows of the file, those of an earlier run that was interrupted too.
    pub stats: CloneStats,
    /// Why it did not succeed; `errors` in the JSON.
    #[serde(rename = "errors", serialize_with = "as_mutation_errors")]
    pub failures: Vec<Failure>,
}

/// The rows of a clone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CloneStats {
    /// By resource, in the order of the schema; without resources that have no records.
    #[serde(serialize_with = "as_records")]
    pub resources: Vec<(String, u64)>,
    /// By join store.
    #[serde(serialize_with = "as_rows")]
    pub join_stores: BTreeMap<String, u64>,
}

fn as_records<S: Serializer>(counts: &[(String, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|(name, count)| (name, BTreeMap::from([("records", count)]))))
}

fn as_rows<S: Serializer>(counts: &BTreeMap<String, u64>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|(name, count)| (name, BTreeMap::from([("rows", count)]))))
}

impl CloneOutcome {
    /// The result of a clone that ended before anything was written.
    #[must_use]
    pub(crate) fn failed(failures: Vec<Failure>) -> Self {
        Self { ok: false, cursor: Cursor::zero(), stats: CloneStats::default(), failures }
    }

    /// The kind of the most severe failure, from which the exit status follows; `None` when the clone
    /// succeeded.
    #[must_use]
    pub fn failure_kind(&self) -> Option<FailureKind> {
        most_severe(&self.failures)
    }
}

/// A new file with everything that a server has; a builder.
///
/// The tables of the schema are made where there are none. Tables that hold rows are refused, unless they
/// are those of a clone that was interrupted, which goes on.
///
/// ```
/// # #[cfg(feature = "serve")]
/// # async fn clone() -> Result<(), Box<dyn std::error::Error>> {
/// use synctool::cloneup::{ServerClone, Upload};
/// use synctool::offline::Database;
/// use synctool::remote::{Remote, RemoteConfig};
/// use synctool::schema::Schema;
/// # use synctool::server::{Limits, Retention, ServerConfig, ServerState, StoreLocation, serve};
///
/// let folder = tempfile::tempdir()?;
/// let seed = folder.path().join("seed.db");
/// rusqlite::Connection::open(&seed)?.execute_batch(
///     "CREATE TABLE albums (albumId INTEGER PRIMARY KEY, title TEXT);
///      INSERT INTO albums VALUES (1, 'Big Ones'), (2, 'Facelift')",
/// )?;
/// let schema = Schema::parse(
///     r#"{"resources": [{"name": "albums", "storage": {"id": "albumId", "idFormat": "album:{}"},
///         "fields": [{"name": "title", "type": "string"}]}]}"#,
/// )?;
/// # let store = StoreLocation::File(folder.path().join("server.db"));
/// # let (limits, retention) = (Limits::default(), Retention::default());
/// # let config = ServerConfig { schema: schema.clone(), store, token: None, limits, retention };
/// # let state = ServerState::open(config).await?;
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let base = format!("http://{}/datafn", listener.local_addr()?);
/// # let (shutdown, is_shut_down) = tokio::sync::oneshot::channel::<()>();
/// # let server = tokio::spawn(serve(listener, async { drop(is_shut_down.await) }, state));
/// // A server is running at `base`.
/// let remote = Remote::new(&RemoteConfig::new(base))?;
/// let uploaded = Upload::new(Database::open(&seed)?, remote.clone(), schema.clone()).run().await;
/// assert!(uploaded.ok, "{:?}", uploaded.failures);
///
/// let copy = folder.path().join("copy.db");
/// let outcome = ServerClone::new(&copy, remote, schema).run().await;
/// assert!(outcome.ok, "{:?}", outcome.failures);
/// assert_eq!(outcome.stats.resources, [("albums".to_owned(), 2)]);
/// let title: String = rusqlite::Connection::open(&copy)?
///     .query_row("SELECT title FROM albums WHERE albumId = 2", [], |row| row.get(0))?;
/// assert_eq!(title, "Facelift");
/// # drop(shutdown);
/// # server.await?;
/// # Ok(())
/// # }
/// # #[cfg(feature = "serve")]
/// # tokio::runtime::Runtime::new().unwrap().block_on(clone()).unwrap();
/// ```
pub struct ServerClone<'o> {
    path: PathBuf,
    remote: Remote,
    schema: Schema,
    options: CloneOptions,
    observer: &'o dyn Observer,
    cancellation: CancellationToken,
}

impl<'o> ServerClone<'o> {
    /// Clones everything into the file at `path`, with the default options.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, remote: Remote, schema: Schema) -> Self {
        Self {
            path: path.into(),
            remote,
            schema,
            options: CloneOptions::default(),
            observer: &(),
            cancellation: CancellationToken::new(),
        }
    }

    /// Clones with these options.
    #[must_use]
    pub fn options(mut self, options: CloneOptions) -> Self {
        self.options = options;
        self
    }

    /// Gets the events of the clone.
    #[must_use]
    pub fn observer(mut self, observer: &'o dyn Observer) -> Self {
        self.observer = observer;
        self
    }

    /// Cooperative cancellation: once the token is cancelled, the clone ends after the page that is being
    /// written. The same clone goes on later.
    #[must_use]
    pub fn cancellation(mut self, cancellation: CancellationToken) -> Self {
        self.cancellation = cancellation;
        self
    }

    /// Clones. Needs a tokio runtime with time and network.
    ///
    /// Failures are part of the outcome. No file is made before the server has answered.
    pub async fn run(self) -> CloneOutcome {
        self.observer.on(&Event::Activity(Activity::Checking));
        let (path, schema) = (self.path.clone(), self.schema.clone());
        let file = match blocking(move || CloneFile::open(&path, schema)).await {
            Ok(file) => Arc::new(file),
            Err(error) => return CloneOutcome::failed(vec![error.into()]),
        };
        let mut failures: Vec<_> = self.pull_into(&file).await.err().into_iter().collect();
        suggest_base(&self.remote, &mut failures, PULL_PATH).await;
        let counts = blocking(move || file.counts()).await.unwrap_or_else(|error| {
            failures.push(error.into());
            CloneCounts::default()
        });
        let CloneCounts { records, rows, cursor } = counts;
        let stats = CloneStats { resources: records, join_stores: rows };
        CloneOutcome { ok: failures.is_empty(), cursor, stats, failures }
    }

    /// Pulls everything that the file lacks.
    async fn pull_into(&self, file: &Arc<CloneFile>) -> Result<(), Failure> {
        if let Some(warning) = file.warning() {
            self.observer.on(&Event::Warning(&warning));
        }
        let server =
            server_status(&self.remote, self.options.wait, self.observer, &self.cancellation).await?;
        let store_id = server.store_id.clone().filter(|id| !id.is_empty());
        let origin = Origin { store_id, remote: self.remote.pull_url() };
        file.check_origin(&origin)?;
        let client_id = match (file.client_id(), &self.options.client_id) {
            (Some(id), _) => id.to_owned(),
            (None, Some(id)) => id.clone(),
            (None, None) => uuid::Uuid::new_v4().to_string(),
        };
        let start = file.interrupted_at().cloned();
        let (sequence, resumed_at) = (server.cursor.as_ref(), start.as_ref().map(|start| &start.global));
        self.observer.on(&Event::CloneStarted { sequence, resumed_at });
        let start = start.unwrap_or_default();
        let (mut puller, mut request) = self.puller(&server, start, client_id.clone());
        request.started_at = file.started_at().cloned();
        self.observer.on(&Event::Activity(Activity::AwaitingAnswers));
        let first = puller.next(&mut request).await?;
        let started_at = first.answer.end.started_at().cloned();
        let clone = Arc::clone(file);
        let begin = move || clone.begin(&origin, &client_id, started_at.as_ref());
        let finalizer = blocking(begin).await?;
        failpoint::reach("clone-begun");
        let finalizer = catch_up(puller, request, first, finalizer).await?;
        failpoint::reach("pulled");
        let file = Arc::clone(file);
        Ok(blocking(move || file.finish(finalizer)).await?)
    }

    fn puller(&self, server: &ServerStatus, start: Cursors, client_id: String) -> (Puller<'_>, PullRequest) {
        let server_max = server.limits.max_limit;
        let limit = match self.options.pull_limit {
            Some(wanted) => PageLimit::at_most(wanted.get(), server_max),
            None => PageLimit::of_server(server_max),
        };
        let request = PullRequest {
            client_id,
            cursor: start.global,
            limit: limit.get(),
            cursors: start.tables,
            exclude_own_after: None,
            started_at: None,
        };
        let puller = Puller {
            remote: &self.remote,
            max_retries: self.options.max_retries,
            observer: self.observer,
            cancellation: &self.cancellation,
            gate: None,
            limit,
        };
        (puller, request)
    }
}
